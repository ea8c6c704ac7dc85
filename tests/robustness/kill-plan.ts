/** What the killed writer and the test that looks after it agree on. */

export const KEYS = '/k/'
export const LEASES = '/leases/'
