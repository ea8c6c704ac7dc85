/** Declares IPAddress and ServiceCIDR in networking/v1beta1, where they are as in v1. */

import { ipAddresses as addresses } from '../v1/ip-address.ts'
import { serviceCIDRs as ranges } from '../v1/service-cidr.ts'
import { inVersion } from '#schema/in-version.ts'

const v1beta1 = inVersion('k8s.io.api.networking.v1', 'v1beta1')

export const ipAddresses = v1beta1(addresses)
export const serviceCIDRs = v1beta1(ranges)
