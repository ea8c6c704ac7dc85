/** Declares the kinds of resource/v1beta1, in which a device has its members in `basic` and a request those of `exactly`. */

import { deviceClasses as classes } from '../v1/device-class.ts'
import { DeviceSubRequest, ExactDeviceRequest } from '../v1/device-request.ts'
import { resourceClaimTemplates as templates } from '../v1/resource-claim-template.ts'
import { resourceClaims as claims } from '../v1/resource-claim.ts'
import { Device, resourceSlices as slices } from '../v1/resource-slice.ts'
import { fieldsOf, inVersion } from '#schema/in-version.ts'
import { list, message, opt, type Field } from '#schema/message.ts'

/** Everything of a device but its name, each number one lower. */
const BasicDevice = message('k8s.io.api.resource.v1.BasicDevice', {}, { doc: 'A device as all devices are so far.' })
const basicFields = Device.schema.fields.filter((f) => f.name !== 'name').map((f) => ({ ...f, number: f.number - 1 }))
Object.assign(BasicDevice.schema, { fields: basicFields, byName: new Map(basicFields.map((f) => [f.name, f])) })

/** A request's members, in the place of `exactly`, have numbers of their own. */
const EXACT_NUMBERS: Readonly<Record<string, number>> = {
  deviceClassName: 2,
  selectors: 3,
  allocationMode: 4,
  count: 5,
  adminAccess: 6,
  tolerations: 8,
  capacity: 9,
}

const v1beta1 = inVersion('k8s.io.api.resource.v1', 'v1beta1', {
  Device: (fields) => [
    ...fields.filter((f) => f.name === 'name'),
    ...fieldsOf({ basic: opt(2, BasicDevice, { doc: 'What it has and who can use it.' }) }),
  ],
  DeviceRequest: (fields) => [
    ...fields.filter((f) => f.name === 'name'),
    ...ExactDeviceRequest.schema.fields.map((f): Field => ({ ...f, number: EXACT_NUMBERS[f.name]!, presence: 'optional' })),
    ...fieldsOf({
      firstAvailable: opt(7, list(DeviceSubRequest, { listType: 'atomic' }), {
        doc: 'Choices in order, at most 8; the first that can be had is taken.',
      }),
    }),
  ],
  DeviceSubRequest: (fields) => fields.map((f) => (f.number >= 6 ? { ...f, number: f.number + 1 } : f)),
})

export const deviceClasses = v1beta1(classes)
export const resourceClaims = v1beta1(claims)
export const resourceClaimTemplates = v1beta1(templates)
export const resourceSlices = v1beta1(slices)
