import { deepEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { parseFeatureGates } from './feature-gates.ts'
import { parseRuntimeConfig } from './runtime-config.ts'

const known = [
  { group: '', version: 'v1', plural: 'pods' },
  { group: 'batch', version: 'v1', plural: 'jobs' },
  { group: 'networking.k8s.io', version: 'v1beta1', plural: 'ipaddresses' },
  { group: 'networking.k8s.io', version: 'v1beta1', plural: 'servicecidrs' },
  { group: 'scheduling.k8s.io', version: 'v1alpha2', plural: 'podgroups' },
]
const servedWith = (...words: string[]) => known.filter(parseRuntimeConfig(words, known)).map((r) => r.plural)

test('stable versions are served, others when they are asked for; what is more exact counts more', () => {
  deepEqual(servedWith(), ['pods', 'jobs'])
  deepEqual(servedWith('api/all'), ['pods', 'jobs', 'ipaddresses', 'servicecidrs', 'podgroups'])
  deepEqual(servedWith('api/beta=true'), ['pods', 'jobs', 'ipaddresses', 'servicecidrs'])
  deepEqual(servedWith('api/alpha=true', 'batch/v1=false'), ['pods', 'podgroups'])
  deepEqual(servedWith('networking.k8s.io/v1beta1/ipaddresses'), ['pods', 'jobs', 'ipaddresses'])
  deepEqual(servedWith('networking.k8s.io/v1beta1', 'networking.k8s.io/v1beta1/ipaddresses=false'), ['pods', 'jobs', 'servicecidrs'])
  deepEqual(servedWith('api/all=false', 'api/v1=true'), ['pods'])
})

test('what does not exist cannot be configured', () => {
  throws(() => servedWith('api/all=false'), { message: 'invalid key with only api/all=false' })
  throws(() => servedWith('nosuch/v1'), { message: 'unknown api groups nosuch' })
  throws(() => servedWith('batch/v9=true'), { message: 'group version batch/v9 that has not been registered' })
  throws(() => servedWith('batch/v1/pods'), { message: 'runtime-config invalid key batch/v1/pods' })
  throws(() => servedWith('batch'), { message: 'runtime-config invalid key batch' })
  throws(() => servedWith('batch/v1=maybe'), {
    message: 'invalid value of batch/v1: maybe, err: strconv.ParseBool: parsing "maybe": invalid syntax',
  })
})

test('feature gates are off until they or all of their stage are switched on', () => {
  deepEqual(parseFeatureGates([]), { CBORServingAndStorage: false, ConstrainedImpersonation: false })
  deepEqual(parseFeatureGates(['CBORServingAndStorage=true']), { CBORServingAndStorage: true, ConstrainedImpersonation: false })
  deepEqual(parseFeatureGates(['AllAlpha=true']), { CBORServingAndStorage: true, ConstrainedImpersonation: true })
  deepEqual(parseFeatureGates(['AllAlpha=true', 'CBORServingAndStorage=false']), {
    CBORServingAndStorage: false,
    ConstrainedImpersonation: true,
  })
  throws(() => parseFeatureGates(['NoSuch=true']), { message: 'unrecognized feature gate: NoSuch' })
  throws(() => parseFeatureGates(['AllAlpha']), { message: 'missing bool value for AllAlpha' })
})
