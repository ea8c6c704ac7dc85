/** Settings that the server and the API server alone share, with upstream's flag names. */

import { auditSettings } from './audit-settings.ts'
import { encryptionSettings } from './encryption-settings.ts'
import { PORT_OR_ZERO, settings, type Values } from '#base/settings.ts'
import { admissionSettings } from './api-admission.ts'
import { authenticationSettings } from './api-authentication.ts'
import { authorizationSettings } from './api-authorization.ts'
import { authoritySettings } from './trusted-authorities.ts'
import { datastoreSettings } from './datastore.ts'
import { listenerSettings } from './listener-settings.ts'
import { pastSettings } from './past.ts'
import { snapshotSettings } from './snapshot-settings.ts'

const serviceAccountSettings = settings({
  serviceAccountIssuers: {
    type: 'list',
    flag: 'service-account-issuer',
    help: 'Named in new service account tokens; tokens of the further ones are accepted too',
  },
  serviceAccountKeyFiles: {
    type: 'list',
    flag: 'service-account-key-file',
    help: 'Public keys, PEM, that service account tokens may be signed with; by default that of the signing key',
  },
  serviceAccountSigningKeyFile: {
    type: 'string',
    flag: 'service-account-signing-key-file',
    help: 'Private key, PEM, that signs service account tokens; by default pki/sa.key of the data directory',
  },
  serviceAccountJwksUri: {
    type: 'string',
    flag: 'service-account-jwks-uri',
    help: 'Where others find the keys of service account tokens; by default below the issuer',
  },
  serviceAccountMaxTokenExpiration: {
    type: 'string',
    flag: 'service-account-max-token-expiration',
    help: 'The longest life of a new service account token; 0: any',
    default: '0s',
  },
  serviceAccountExtendTokenExpiration: {
    type: 'bool',
    flag: 'service-account-extend-token-expiration',
    help: 'Let tokens in pods live on for clients that do not read them again',
    default: true,
  },
  apiAudiences: {
    type: 'list',
    flag: 'api-audiences',
    help: 'What tokens must be meant for to count here; by default the issuers of service account tokens',
  },
})

export const apiSettings = settings({
  ...auditSettings,
  ...encryptionSettings,
  dataDirectory: { type: 'string', flag: 'data-dir', help: 'Where keys, certificates and the database lie', default: './k8ts-data' },
  securePort: { type: 'int', flag: 'secure-port', help: 'Port served over TLS; 0: any that is free', default: 6443, ...PORT_OR_ZERO },
  bindAddress: { type: 'list', flag: 'bind-address', help: 'Addresses to serve on', default: ['0.0.0.0'] },
  ...listenerSettings,
  advertiseAddress: {
    type: 'string',
    flag: 'advertise-address',
    help: 'Where nodes and pods reach this server; by default the first address served on',
  },
  tlsNames: {
    type: 'list',
    flag: 'tls-san',
    help: 'Further names and addresses that clients reach this server by, for its certificate: those of a load balancer',
  },
  ...datastoreSettings,
  ...pastSettings,
  ...snapshotSettings,
  serviceCidr: { type: 'string', flag: 'service-cluster-ip-range', help: 'Addresses of Services', default: '10.96.0.0/12' },
  nodePorts: { type: 'string', flag: 'service-node-port-range', help: 'Ports of NodePort Services', default: '30000-32767' },
  ...authorizationSettings,
  priorityAndFairness: {
    type: 'bool',
    flag: 'enable-priority-and-fairness',
    help: 'Let requests wait their turn by flow schemas and priority levels; otherwise only their number is limited',
    default: true,
  },
  readsInFlight: { type: 'int', flag: 'max-requests-inflight', help: 'Reads worked on at once', default: 400, min: 0 },
  writesInFlight: {
    type: 'int',
    flag: 'max-mutating-requests-inflight',
    help: 'Writes worked on at once; priority and fairness parts the sum of both',
    default: 200,
    min: 0,
  },
  featureGates: {
    type: 'list',
    flag: 'feature-gates',
    help: 'Features that are switched on or off, as in CBORServingAndStorage=true',
    placeholder: 'Name=bool',
  },
  runtimeConfig: {
    type: 'list',
    flag: 'runtime-config',
    help: 'Versions and resources that are served or not: api/all, api/ga, api/beta, api/alpha, group/version, group/version/resource',
    placeholder: 'key=bool',
  },
  ...authoritySettings,
  ...authenticationSettings,
  tokenFile: { type: 'string', flag: 'token-auth-file', help: 'CSV file of tokens: token,user,uid,"group,group"' },
  passwordFile: { type: 'string', flag: 'basic-auth-file', help: 'CSV file of passwords: password,user,uid,"group,group"' },
  bootstrapTokens: { type: 'bool', flag: 'enable-bootstrap-token-auth', help: 'Accept bootstrap tokens, kept in Secrets of kube-system' },
  ...serviceAccountSettings,
  ...admissionSettings,
  logLevel: { type: 'string', flag: 'log-level', help: 'debug, info, warn or error', default: 'info' },
})

export type ApiSettings = Values<typeof apiSettings>
