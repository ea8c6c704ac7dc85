/** A cluster says in the status of a validating policy what is doubtful about its expressions. */

import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { validatingAdmissionPolicies } from '#api/admissionregistration/v1/validating-admission-policy.ts'
import { startCluster } from '#testing/cluster.ts'

const MINUTE = 60_000

test('the types of a policy are checked under the rights of the controller, and anew when it changes', async () => {
  await using cluster = await startCluster({ nodes: 0, seed: 7 })
  const { client } = cluster
  const rule = { operations: ['CREATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'] }
  const policy = await client.create(validatingAdmissionPolicies, {
    metadata: { name: 'typed' },
    spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: 'object.replicas > 1' }] },
  } as never)
  const observed = async (generation: number) => {
    let status: unknown
    await cluster.until(async () => {
      const found = await client.get(validatingAdmissionPolicies, { name: 'typed' })
      status = found.status
      return found.status?.observedGeneration === generation
    }, MINUTE)
    return status
  }
  const warning = "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'replicas'\n | object.replicas > 1\n | ......^\n"
  deepEqual(await observed(1), {
    observedGeneration: 1,
    typeChecking: { expressionWarnings: [{ fieldRef: 'spec.validations[0].expression', warning }] },
  })
  const found = await client.get(validatingAdmissionPolicies, { name: policy.metadata.name })
  await client.update(validatingAdmissionPolicies, {
    ...found,
    spec: { ...found.spec, validations: [{ expression: 'object.spec.replicas > 1' }] },
  } as never)
  deepEqual(await observed(2), { observedGeneration: 2, typeChecking: {} })
})
