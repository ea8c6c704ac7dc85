/** What the certificate controllers need of the cluster's keys. */

import { signCertificate } from '#apiserver/pki/sign-certificate.ts'
import type { KeyPair } from '#apiserver/pki/pki.ts'
import { systemClock } from '#base/clock.ts'
import { systemRandom } from '#base/random.ts'
import type { ControllersParts } from '#controllers/run-controllers.ts'
import { readCertificateRequest } from '#wire/x509/certificate-request.ts'

export function certificateParts({ ca }: { readonly ca: KeyPair }): NonNullable<ControllersParts['certificates']> {
  return {
    readRequest: (pem) => {
      const { subject, names } = readCertificateRequest(pem)
      return { subject, names }
    },
    signCertificate: (csr, { usages, lifetimeMs }) =>
      signCertificate(csr, { ca, usages, lifetimeMs, now: systemClock.now(), random: systemRandom }),
  }
}
