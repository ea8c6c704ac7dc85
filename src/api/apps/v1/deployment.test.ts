/** Deployments and their neighbours: defaults, refusals, cells. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deployment, deployments } from './deployment.ts'
import { RoleBinding } from '#api/rbac/v1/role-binding.ts'
import { Service, services } from '#api/core/v1/service.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'
import type { Message } from '#schema/message.ts'
import { tableOf } from '#schema/table.ts'
import { validate, validateUpdate } from '#schema/validate.ts'

const metadata = { name: 'web', namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' }

function read<T>(schema: Message, object: object): T {
  return withDefaults(schema, decode(schema, { metadata, ...object }).value) as T
}

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'web:1' }] } }
const deployment = (spec: object) => read<Deployment>(Deployment.schema, { spec })
const messages = (errors: readonly { readonly message: string }[]) => errors.map((e) => e.message)

test('a deployment rolls by quarters and keeps ten revisions', () => {
  const { template: _, selector: __, ...rest } = deployment({ selector: { matchLabels: { app: 'web' } }, template }).spec
  assert.deepEqual(rest, {
    progressDeadlineSeconds: 600,
    replicas: 1,
    revisionHistoryLimit: 10,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
  })
})

test('a selector must choose the template and stay as it is', () => {
  const old = deployment({ selector: { matchLabels: { app: 'web' } }, template })
  const other = deployment({ selector: { matchLabels: { app: 'db' } }, template })
  assert.deepEqual(messages(validateUpdate(Deployment.schema, other, old)), [
    'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
    'spec.selector: Invalid value: {"matchLabels":{"app":"db"}}: field is immutable',
  ])
})

test('a template that ends or has no image is refused', () => {
  const bad = { metadata: template.metadata, spec: { restartPolicy: 'Never', containers: [{ name: 'c' }] } }
  assert.deepEqual(messages(validate(Deployment.schema, deployment({ selector: { matchLabels: { app: 'web' } }, template: bad }))), [
    'spec.template.spec.containers[0].image: Required value',
    'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
  ])
})

test("the cells of a deployment and a service are kubectl's", () => {
  const d = deployment({ replicas: 3, selector: { matchLabels: { app: 'web' } }, template })
  const cells = (table: ReturnType<typeof tableOf>) => table.rows[0]!.cells
  assert.deepEqual(cells(tableOf(deployments, [d], Date.parse('2026-01-01T01:00:00Z'))), [
    'web',
    '0/3',
    0,
    0,
    '60m',
    'c',
    'web:1',
    'app=web',
  ])
  const s = read<Service>(Service.schema, {
    spec: {
      type: 'NodePort',
      clusterIP: '10.0.0.1',
      ports: [
        { port: 80, nodePort: 30080 },
        { port: 53, protocol: 'UDP', name: 'dns' },
      ],
    },
  })
  assert.deepEqual(cells(tableOf(services, [s], Date.parse('2026-01-01T01:00:00Z'))), [
    'web',
    'NodePort',
    '10.0.0.1',
    '<none>',
    '80:30080/TCP,53/UDP',
    '60m',
    '<none>',
  ])
})

test('a role reference stays', () => {
  const binding = (name: string) => read<RoleBinding>(RoleBinding.schema, { roleRef: { kind: 'Role', name } })
  assert.deepEqual(messages(validateUpdate(RoleBinding.schema, binding('b'), binding('a'))), [
    'roleRef: Invalid value: {"kind":"Role","name":"b","apiGroup":"rbac.authorization.k8s.io"}: cannot change roleRef',
  ])
})
