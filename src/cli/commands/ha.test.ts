/** The load balancer's configuration: what each server becomes in it, and what is refused. */

import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { haproxyConfiguration } from './ha.ts'

test('each server becomes a line, addresses of version 6 in brackets', () => {
  const text = haproxyConfiguration(
    ['*:6443', '10.0.0.9:443'],
    [
      { host: '10.0.0.1', port: 6443 },
      { host: 'fd00::2', port: 6444 },
    ],
  )
  const lines = text.split('\n').map((line) => line.trim())
  deepEqual(
    lines.filter((line) => line.startsWith('server ')),
    ['server master-1 10.0.0.1:6443', 'server master-2 [fd00::2]:6444'],
  )
  deepEqual(
    lines.filter((line) => line.startsWith('bind ')),
    ['bind *:6443', 'bind 10.0.0.9:443'],
  )
  equal(lines.filter((line) => line.startsWith('mode tcp')).length, 1)
})
