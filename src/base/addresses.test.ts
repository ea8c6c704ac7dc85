import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { addressNumber, addressText } from './addresses.ts'

test('addresses become numbers and their canonical texts again', () => {
  const same = [
    '0.0.0.0',
    '10.96.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fd00::1',
    'fd00:1:0:2::3',
    '2001:db8::',
    '1:2:3:4:5:6:7:8',
    '1:0:2:3:4:5:6:7',
  ]
  deepEqual(
    same.map((text) => addressText(addressNumber(text), text.includes(':') ? 'IPv6' : 'IPv4')),
    same,
  )
  deepEqual(addressText(addressNumber('::ffff:10.0.0.1'), 'IPv6'), '::ffff:a00:1')
  deepEqual(addressText(addressNumber('2001:DB8:0:0:1:0:0:1'), 'IPv6'), '2001:db8::1:0:0:1')
})
