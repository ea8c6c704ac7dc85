import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { endpointAddressProblems } from './endpoint-address-rules.ts'

test('endpoints lead neither nowhere, nor to the node itself, nor along the link', () => {
  const said = (address: string) => endpointAddressProblems('ip', address).map((e) => e.detail.replace(/ \(.*/, ''))
  deepEqual(['10.0.0.1', '128.0.0.1', '169.255.0.1', '224.0.1.1', 'fd00::1', '::2', 'ff05::1'].flatMap(said), [])
  deepEqual(['0.0.0.0', '::'].flatMap(said), ['may not be unspecified', 'may not be unspecified'])
  const loopback = 'may not be in the loopback range'
  deepEqual(['127.0.0.1', '127.255.0.9', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1'].flatMap(said), Array(5).fill(loopback))
  const link = 'may not be in the link-local range'
  deepEqual(['169.254.169.254', 'fe80::1', 'febf::1', '::ffff:a9fe:a9fe'].flatMap(said), Array(4).fill(link))
  const multicast = 'may not be in the link-local multicast range'
  deepEqual(['224.0.0.251', 'ff02::1'].flatMap(said), Array(2).fill(multicast))
})
