/** Holds the codecs against upstream's own files: every declared kind with every field filled, byte for byte. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeCbor } from '#schema/cbor-decode.ts'
import { encodeCbor } from '#schema/cbor-encode.ts'
import { decode } from '#schema/decode.ts'
import { parseJson } from '#schema/json.ts'
import { decodeEnvelope, decodeMessage, decodeWatchEvent, encodeEnvelope, encodeWatchFrame } from '#schema/protobuf.ts'
import { betaOf, messages, reference, referenceFiles, withReference } from './declared.ts'

/** CSINode's golden bytes carry an empty field 3 that the kind does not have. */
const UNKNOWN_FIELD_3 = new Set(['storage.k8s.io.v1.CSINode'])

/** Messages by `apps.v1.Deployment`, the end of their names. */
const kinds = new Map([...messages].map(([name, message]) => [name.split('.').slice(-3).join('.'), message]))

for (const file of 'skip' in withReference ? [] : referenceFiles('golden/v1.36/*.json')) {
  const name = file.slice('golden/v1.36/'.length, -'.json'.length)
  const [kind = '', version = '', ...group] = name.split('.').toReversed()
  // Of a group's name only the first word is in the message's: rbac.authorization.k8s.io is api.rbac.
  const message =
    kinds.get(`${group.at(-1)}.${version}.${kind}`) ?? (name.startsWith('core.') ? kinds.get(`meta.${version}.${kind}`) : undefined)
  if (message === undefined) continue
  test(`${name} is the same value in JSON, in CBOR and in protobuf`, () => {
    const json = parseJson(reference(file)).value
    const bytes = reference(`golden/v1.36/${name}.pb`)
    const decoded = decode(message, json)
    assert.deepEqual({ unknown: decoded.unknown, value: decoded.value }, { unknown: [], value: json })

    assert.deepEqual(decodeCbor(encodeCbor(decoded.value, message)), json)

    const envelope = decodeEnvelope(bytes)
    const value = decodeMessage(message, envelope.raw)
    assert.deepEqual({ apiVersion: envelope.apiVersion, kind: envelope.kind, ...value }, json)

    if (UNKNOWN_FIELD_3.has(name)) return
    assert.equal(Buffer.from(encodeEnvelope(decoded.value, message)).toString('hex'), bytes.toString('hex'))
  })
}

for (const [name, message] of messages) {
  const beta = betaOf(name)
  const [kind, , group] = name.split('.').toReversed()
  const file = `golden/v1.36/${group}.k8s.io.${beta?.version}.${kind}`
  if (beta === undefined || 'skip' in withReference || referenceFiles(`${file}.json`).length === 0) continue
  test(`${name} is the same value in JSON and in protobuf as in ${beta.version}`, () => {
    const json = parseJson(reference(`${file}.json`)).value as { apiVersion: string; spec: Record<string, unknown> }
    json.apiVersion = json.apiVersion.replace(beta.version, 'v1')
    // Only members of the spec have been dropped so far.
    const fewer = kind === 'PodCertificateRequest' ? betaOf(`${name}Spec`)!.dropped : []
    for (const field of fewer) delete json.spec[field]
    const decoded = decode(message, json)
    assert.deepEqual({ unknown: decoded.unknown, value: decoded.value }, { unknown: [], value: json })

    const { raw } = decodeEnvelope(reference(`${file}.pb`))
    const value = decodeMessage(message, raw)
    assert.deepEqual({ apiVersion: json.apiVersion, kind, ...value }, json)
    const ours = decodeEnvelope(encodeEnvelope(decoded.value, message)).raw
    if (fewer.length === 0) assert.equal(Buffer.from(ours).toString('hex'), Buffer.from(raw).toString('hex'))
    else assert.deepEqual(decodeMessage(message, ours), value)
  })
}

test('a watch event is framed as upstream frames it', withReference, () => {
  const { raw } = decodeEnvelope(reference('golden/v1.36/core.v1.WatchEvent.pb'))
  const { type, envelope } = decodeWatchEvent(raw)
  const json = parseJson(reference('golden/v1.36/core.v1.WatchEvent.json')).value
  assert.deepEqual({ type, object: parseJson(envelope).value }, json)
  assert.equal(Buffer.from(encodeWatchFrame(type, envelope).subarray(4)).toString('hex'), Buffer.from(raw).toString('hex'))
})

test('there is something to compare', withReference, () => assert.ok(kinds.size > 0))
