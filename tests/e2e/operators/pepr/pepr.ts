/** A module of the Pepr framework: what `pepr dev` builds, deploys and runs. */

import { PeprModule } from 'pepr'
import { ticketOffice } from './capabilities/ticket-office'
import settings from './package.json'

// oxlint-disable-next-line no-new -- it starts by being made
new PeprModule(settings, [ticketOffice])
