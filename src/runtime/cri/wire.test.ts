import { deepEqual, equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { ContainerConfig, ListContainersRequest, LinuxContainerSecurityContext } from './messages.ts'
import { decodeProto3, encodeProto3 } from './wire.ts'

test('a message comes back as it went, zeros left out', () => {
  const config = {
    metadata: { name: 'app', attempt: 3 },
    envs: [{ key: 'A', value: Buffer.from('ü').toString('base64') }],
    labels: { a: 'b', empty: '' },
    tty: true,
    linux: { resources: { cpuQuota: -1, memoryLimitInBytes: 2 ** 40 } },
  }
  deepEqual(decodeProto3(ContainerConfig.schema, encodeProto3(ContainerConfig.schema, { ...config, stdin: false, logPath: '' })), config)
})

test('strings are tagged and measured as protobuf says', () => {
  equal(Buffer.from(encodeProto3(ListContainersRequest.schema, { filter: { id: 'ab' } })).toString('hex'), '0a040a026162')
})

test('packed numbers are read, unknown fields skipped and truncation refused', () => {
  const packed = Buffer.from([0x42, 0x03, 0x01, 0xac, 0x02, 0xfa, 0x06, 0x01, 0x00])
  deepEqual(decodeProto3(LinuxContainerSecurityContext.schema, packed), { supplementalGroups: [1, 300] })
  throws(() => decodeProto3(LinuxContainerSecurityContext.schema, packed.subarray(0, 4)), { message: /truncated/ })
})
