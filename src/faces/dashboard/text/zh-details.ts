/**
 * What the router found out about an endpoint, in Chinese: it comes as English sentences. What is
 * not listed stays as it came.
 */

const PHRASES: readonly (readonly [pattern: RegExp, text: string])[] = [
  [/^Its probes fail: (.*)\.$/, '健康检查失败：$1。'],
  [/^No good probe yet: (.*)\.$/, '健康检查还没有成功：$1。'],
  [/^Up, but its last probe failed: (.*)\.$/, '可用，但最近一次检查失败：$1。'],
  [/^It was not probed yet.*/, '还没有检查过，首次成功后才分配请求。'],
  [/connection refused/, '连接被拒绝'],
  [/connection reset/, '连接被重置'],
  [/host name not found/, '主机名无法解析'],
  [/no answer within (\d+) ms/, '$1 毫秒内没有应答'],
  [/wrong key: answered (\d+)/, '密钥错误，应答 $1'],
  [/answered (\d+)/, '应答 $1'],
  [/^(.*), its ejection is over\. It was: /, '剔除已结束，由一个请求试探。此前：'],
  [/The endpoint answered with a server error\./, '端点返回了服务器错误。'],
  [/Requests to it failed\./, '发往它的请求失败了。'],
  [/ Seen by worker (\d+); ejections in a row: (\d+)\./, '由工作线程 $1 发现，连续剔除 $2 次。'],
  [
    /^It asked to be left alone for another (.*) \(Retry-After\)\.$/,
    '它要求再暂停 $1（Retry-After）。',
  ],
  [/^It recovered and takes (\d+) % of its share for now\.$/, '正在恢复，目前承担 $1 % 的份额。'],
  [/^Drained: .*\(by (.*)\)\.$/, '正在排空：完成已有请求，不接收新请求（操作者：$1）。'],
  [/^In maintenance: .*\(by (.*)\)\.$/, '维护中：不分配请求，不检查，不告警（操作者：$1）。'],
];

export function zhDetail(detail: string): string {
  return PHRASES.reduce((text, [pattern, chinese]) => text.replace(pattern, chinese), detail);
}
