/** The plugins that let everything through and nothing: for clusters that are set up or taken down. */

import type { AdmissionPlugin } from './admission.ts'
import { refused } from './refused.ts'

export const alwaysAdmit: AdmissionPlugin = { name: 'AlwaysAdmit', operations: [] }

export const alwaysDeny: AdmissionPlugin = {
  name: 'AlwaysDeny',
  operations: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'],
  validate(request) {
    throw refused(request, 'admission control is denying all modifications')
  },
}

/** Upstream's looks at jobs of gangs, behind a gate that is off; there is nothing for it to refuse yet. */
export const jobValidation: AdmissionPlugin = { name: 'JobValidation', operations: [] }
