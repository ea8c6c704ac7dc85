import { deepEqual } from 'node:assert/strict'
import test from 'node:test'
import { mistyped } from './mistyped.ts'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Service } from '#api/core/v1/service.ts'

test('what is declared as something else is named with what was said instead', () => {
  const container = {
    name: 'app',
    env: [{ name: 'PORT', value: 8080 }],
    imag: 'a',
    command: ['sh', 1],
    ports: [{ containerPort: '80' }],
    tty: 'yes',
  }
  deepEqual(mistyped(Deployment.schema, { kind: 'Deployment', spec: { paused: 'no', template: { spec: { containers: [container] } } } }), [
    '.spec.paused: expected boolean, got &{no}',
    '.spec.template.spec.containers[name="app"].env[name="PORT"].value: expected string, got &value.valueUnstructured{Value:8080}',
    '.spec.template.spec.containers[name="app"].imag: field not declared in schema',
    '.spec.template.spec.containers[name="app"].command[1]: expected string, got &value.valueUnstructured{Value:1}',
    '.spec.template.spec.containers[name="app"].ports[containerPort="80",protocol="TCP"].containerPort: expected numeric (int or float), got string',
    '.spec.template.spec.containers[name="app"].tty: expected boolean, got &{yes}',
  ])
  deepEqual(mistyped(Deployment.schema, { spec: { template: { spec: { imagePullSecrets: { name: 'regcred' }, volumes: ['a'] } } } }), [
    '.spec.template.spec.imagePullSecrets: expected list, got &{map[name:regcred]}',
    '.spec.template.spec.volumes[0]: expected map, got &{a}',
  ])
})

test('amounts, times and ports may be numbers or words, and null says nothing', () => {
  deepEqual(mistyped(Service.schema, { spec: { ports: [{ port: 80, targetPort: 'http' }], selector: null } }), [])
  const resources = { limits: { cpu: 1, memory: '1Gi' } }
  deepEqual(mistyped(Deployment.schema, { spec: { template: { spec: { containers: [{ name: 'a', resources }] } } } }), [])
  deepEqual(mistyped(ConfigMap.schema, { data: { a: true, b: { c: 'd' } } }), [
    '.data.a: expected string, got &value.valueUnstructured{Value:true}',
    '.data.b: expected string, got &value.valueUnstructured{Value:map[string]interface {}{"c":"d"}}',
  ])
})
