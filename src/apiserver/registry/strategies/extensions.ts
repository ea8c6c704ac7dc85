/** Definitions of resources, and who serves which group and version. */

import type { Stored, Strategy } from '../strategy.ts'
import { statusOnly } from './volumes.ts'
import { definitionErrors } from '#api/apiextensions/v1/custom-resource-definition-rules.ts'
import type { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import type { APIService } from '#api/apiregistration/v1/api-service.ts'
import { definitionSchemaErrors, formatWarnings } from '../../extensions/schema/definition-rules.ts'
import { CLEANUP_FINALIZER, judgement, withCondition } from '../../extensions/definition-conditions.ts'
import { timestamp } from '#base/clock.ts'

type Definition = CustomResourceDefinition & Stored

export const definitionStrategy: Strategy<Definition> = {
  generation: 'spec',
  unconditionalUpdate: false,
  initialStatus: ({ spec }) => ({ acceptedNames: { plural: '', kind: '' }, ...stored(spec, []) }),
  prepareUpdate: (definition, old) => ({
    ...definition,
    status: { ...old.status, ...stored(definition.spec, old.status.storedVersions ?? []) },
  }),
  // what it defined goes first
  markDeleted(definition, now) {
    const { metadata, status } = definition
    const finalizers = metadata.finalizers ?? []
    if (metadata.deletionTimestamp !== undefined) return finalizers.length === 0 ? undefined : definition
    const pending = judgement(
      'Terminating',
      'True',
      'InstanceDeletionPending',
      'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
    )
    return {
      ...definition,
      metadata: {
        ...metadata,
        deletionTimestamp: timestamp(now),
        finalizers: finalizers.includes(CLEANUP_FINALIZER) ? finalizers : [...finalizers, CLEANUP_FINALIZER],
      },
      status: withCondition(status, pending, now) as Definition['status'],
    }
  },
  validateCreate: (definition) => [...definitionErrors(definition), ...definitionSchemaErrors(definition)],
  validateUpdate: definitionSchemaErrors,
  warnings: formatWarnings,
}

/** From now on there may be objects stored in the version that is stored. */
function stored({ versions }: Definition['spec'], before: readonly string[]): { readonly storedVersions?: readonly string[] } {
  const storage = versions?.find((v) => v.storage)?.name
  const storedVersions = storage === undefined || before.includes(storage) ? before : [...before, storage]
  return storedVersions.length === 0 ? {} : { storedVersions }
}

/** What this server serves itself is there from the start. */
export const apiServiceStrategy: Strategy<APIService & Stored> = {
  unconditionalUpdate: false,
  prepareCreate: (service, { now }) =>
    service.spec.service
      ? service
      : {
          ...service,
          status: {
            conditions: [
              {
                type: 'Available',
                status: 'True',
                lastTransitionTime: timestamp(now),
                reason: 'Local',
                message: 'Local APIServices are always available',
              },
            ],
          },
        },
}

export const apiServiceStatusFacet = statusOnly<APIService & Stored>()
