/** Numbers tickets in their order and prints each into a ConfigMap; webhooks complete them and turn away those nobody could work on. */

import { a, Capability, K8s, kind, Log, RegisterKind } from 'pepr'

export const ticketOffice = new Capability({
  name: 'ticket-office',
  description: 'Numbers tickets in the order they come.',
  namespaces: ['default'],
})

class Ticket extends a.GenericKind {
  declare spec: { title: string; priority?: string }
  declare status?: { number: number }
}
RegisterKind(Ticket, { group: 'tickets.example.net', version: 'v1', kind: 'Ticket', plural: 'tickets' })

const { When, Store } = ticketOffice

// where the module is run, and not merely loaded to learn what it wants
if (process.env['PEPR_MODE'] === 'dev') {
  K8s(kind.CustomResourceDefinition)
    .Apply(definition(), { force: true })
    .catch((error) => {
      Log.error(error, 'no definition of tickets')
      process.exit(1)
    })
}

When(Ticket)
  .IsCreatedOrUpdated()
  .Mutate((request) => {
    request.SetLabel('tickets.example.net/seen-for', request.Request.operation.toLowerCase())
    request.Raw.spec.priority ??= 'normal'
  })
  .Validate((request) =>
    request.Raw.spec.title.endsWith('!') ? request.Deny('a ticket is a request, not a shout', 422) : request.Approve(),
  )
  .Reconcile(async (ticket) => {
    const { name, namespace } = ticket.metadata!
    const number = Store.getItem(`of-${name}`) ?? String(Number(Store.getItem('last') ?? '0') + 1)
    if (Store.getItem(`of-${name}`) === null) {
      Store.setItem('last', number)
      await Store.setItemAndWait(`of-${name}`, number)
    }
    await K8s(kind.ConfigMap).Apply({
      metadata: { name: `ticket-${name}`, namespace },
      data: { line: `#${number} ${ticket.spec.title} (${ticket.spec.priority})` },
    })
    if (ticket.status?.number !== Number(number)) await K8s(Ticket).PatchStatus({ ...ticket, status: { number: Number(number) } })
  })

function definition(): kind.CustomResourceDefinition {
  const openAPIV3Schema = {
    type: 'object',
    required: ['spec'],
    properties: {
      spec: { type: 'object', required: ['title'], properties: { title: { type: 'string' }, priority: { type: 'string' } } },
      status: { type: 'object', properties: { number: { type: 'integer' } } },
    },
  }
  return {
    metadata: { name: 'tickets.tickets.example.net' },
    spec: {
      group: 'tickets.example.net',
      scope: 'Namespaced',
      names: { plural: 'tickets', singular: 'ticket', kind: 'Ticket' },
      versions: [{ name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema } }],
    },
  }
}
