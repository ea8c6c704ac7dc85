/** The functions Kubernetes adds to the language. */

import { addressFunctions } from './addresses.ts'
import { authorizerFunctions } from './authorizer.ts'
import { formatFunctions } from './formats.ts'
import { listFunctions } from './lists.ts'
import { quantityFunctions } from './quantities.ts'
import { semverFunctions } from './semver.ts'
import { urlFunctions } from './urls.ts'
import type { FunctionDeclaration } from '../declaration.ts'

export const kubernetesLibrary: readonly FunctionDeclaration[] = [
  ...listFunctions,
  ...urlFunctions,
  ...addressFunctions,
  ...quantityFunctions,
  ...semverFunctions,
  ...formatFunctions,
  ...authorizerFunctions,
]
