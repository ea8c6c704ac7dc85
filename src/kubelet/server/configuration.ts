/** What `/configz` tells: the settings this kubelet runs with, in the words of upstream's KubeletConfiguration. */

export interface ConfigurationParts {
  readonly clusterDns: readonly string[]
  readonly clusterDomain: string
  readonly maxPods: number
  readonly port: number
  readonly address: string
  readonly healthPort: number
  readonly healthAddress: string
  readonly podCidr: string | undefined
  readonly taints: readonly object[]
  readonly providerId: string | undefined
  readonly logDirectory: string
}

/** Only what is so: a setting that has no part in this kubelet is not listed. */
export function kubeletConfiguration(parts: ConfigurationParts): object {
  return {
    kubeletconfig: {
      enableServer: true,
      address: parts.address,
      port: parts.port,
      authentication: {
        webhook: { enabled: true, cacheTTL: '2m0s' },
        anonymous: { enabled: false },
      },
      authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '5m0s', cacheUnauthorizedTTL: '30s' } },
      healthzPort: parts.healthPort,
      healthzBindAddress: parts.healthAddress,
      clusterDomain: parts.clusterDomain,
      clusterDNS: parts.clusterDns,
      nodeStatusUpdateFrequency: '10s',
      nodeStatusReportFrequency: '5m0s',
      nodeLeaseDurationSeconds: 40,
      imageGCHighThresholdPercent: 85,
      imageGCLowThresholdPercent: 80,
      volumeStatsAggPeriod: '1m0s',
      cgroupRoot: '/',
      cgroupsPerQOS: true,
      cgroupDriver: 'cgroupfs',
      cpuManagerPolicy: 'none',
      memoryManagerPolicy: 'None',
      topologyManagerPolicy: 'none',
      maxPods: parts.maxPods,
      ...(parts.podCidr !== undefined && { podCIDR: parts.podCidr }),
      podPidsLimit: -1,
      resolvConf: '/etc/resolv.conf',
      cpuCFSQuota: true,
      cpuCFSQuotaPeriod: '100ms',
      nodeStatusMaxImages: 50,
      evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '10%' },
      enableControllerAttachDetach: true,
      failSwapOn: false,
      containerLogMaxSize: '10Mi',
      containerLogMaxFiles: 5,
      configMapAndSecretChangeDetectionStrategy: 'Cache',
      enforceNodeAllocatable: ['pods'],
      ...(parts.providerId !== undefined && { providerID: parts.providerId }),
      enableDebuggingHandlers: true,
      ...(parts.taints.length > 0 && { registerWithTaints: parts.taints }),
      registerNode: true,
      podLogsDir: parts.logDirectory,
    },
  }
}
