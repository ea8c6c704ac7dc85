/** Says which commit runs where the code runs from its source. To be imported before anything that imports `#base/version.ts`. */

import { join } from 'node:path'
import { gitCommitOf } from './git-commit.ts'

// a bundle has it built in, and looks for nothing
if (typeof BUILT_FROM === 'undefined') {
  const gitCommit = gitCommitOf(join(import.meta.dirname, '../..'))
  // what differs from the commit is not looked for, and nothing was built: upstream's words for not knowing
  Object.assign(globalThis, { BUILT_FROM: { gitCommit, gitTreeState: '', buildDate: '1970-01-01T00:00:00Z' } })
}
