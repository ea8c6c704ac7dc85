/** Which texts are IP addresses: the one thing of the network that rules need, and it touches no network. */

export { isIP, isIPv4 } from 'node:net'
