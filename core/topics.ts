// The topic of a question, by the words in it. Coarse on purpose: it is used to report coverage,
// never to decide.

const TOPICS: readonly [string, RegExp][] = [
  ['gitops', /\b(git ?ops|argo ?cd|flux|helm|kustomize|git)\b/i],
  [
    'observability',
    /\b(prometheus|grafana|loki|tempo|alert(s|manager|ing)?|metrics?|logs?|logging|trac(e|es|ing)|dashboards?|promql|slo|sli|error budget)\b/i,
  ],
  [
    'kubernetes-troubleshooting',
    /\b(kubernetes|k8s|kubectl|kubelet|pods?|deployments?|daemonsets?|statefulsets?|namespaces?|crash ?loop\w*|oomkilled|etcd|ingress|liveness|readiness)\b/i,
  ],
  [
    'infrastructure',
    /\b(linux|systemd|ssh|dns|tls|https?|tcp|udp|network\w*|disk|cpu|memory|load balancer|nginx|postgres\w*|redis|kafka|docker|containers?|terraform|vpn|cdn|cert\w*|ports?)\b/i,
  ],
];

export function topicOf(question: string): string {
  return TOPICS.find(([, pattern]) => pattern.test(question))?.[0] ?? 'general';
}
