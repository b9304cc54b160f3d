/**
 * What the router says of endpoints and requests, in Chinese: it comes as English sentences, of
 * which test/dashboard/languages.test.ts lets the router make each one and finds it here. What is
 * none of them (a name, an address, the words of an engine) stays as it came.
 *
 * Invariant: the order counts: a sentence that is part of another one stands after it.
 */

type Rule = readonly [pattern: RegExp, text: string];

/** A whole sentence, found by words that stand in no other one. */
function sentence(words: string, text: string): Rule {
  return [new RegExp(`[A-Z][^.]*${words}[^.]*\\.`, 'g'), text];
}

/** A short reason: alone, or counted in a list of them. */
function reason(words: string, text: string): Rule {
  return [new RegExp(`(^|[(,] ?\\d+ )${words}(?=$|[,)])`, 'g'), `$1${text}`];
}

const STATES: readonly Rule[] = [
  [/^Its probes fail: (.*)\.$/, '健康检查失败：$1。'],
  [/^No good probe yet: (.*)\.$/, '健康检查还没有成功：$1。'],
  [/^Up, but its last probe failed: (.*)\.$/, '可用，但最近一次检查失败：$1。'],
  [/^It was not probed yet.*/, '还没有检查过，首次成功后才分配请求。'],
  [/^One request.*, its ejection is over\. It was: /, '剔除已结束，正由一个请求试探。此前：'],
  [/^The next.*, its ejection is over\. It was: /, '剔除已结束，下一个请求将试探它。此前：'],
  [/ Seen by worker (\d+); ejections in a row: (\d+)\./, '由工作线程 $1 发现，连续剔除 $2 次。'],
  [/^Requests to it failed\./, '发往它的请求失败了。'],
  [
    /^It asked to be left alone for another (.*) \(Retry-After\)\.$/,
    '它要求再暂停 $1（Retry-After）。',
  ],
  [/^It recovered and takes (\d+) % of its share for now\.$/, '正在恢复，目前承担 $1 % 的份额。'],
  [/^Drained: .*\(by (.*)\)\.$/, '正在排空：完成已有请求，不接收新请求（操作者：$1）。'],
  [/^In maintenance: .*\(by (.*)\)\.$/, '维护中：不分配请求，不检查，不告警（操作者：$1）。'],
  [/the admin API/, '管理 API'],
];

const PROBES: readonly Rule[] = [
  [/connection refused/, '连接被拒绝'],
  [/connection reset/, '连接被重置'],
  [/host name not found/, '主机名无法解析'],
  [/no route to the host/, '没有到主机的路由'],
  [/its TLS certificate is not trusted/, 'TLS 证书不受信任'],
  [/no answer within (\d+) ms/, '$1 毫秒内没有应答'],
  [/wrong key: answered (\d+)/, '密钥错误，应答 $1'],
  [/has no model list: answered (\d+)/, '没有模型列表，应答 $1'],
  [/the model list is too large to read/, '模型列表过大，无法读取'],
  [/does not list the model "(.*)"/, '模型列表中没有“$1”'],
  [/answered (\d+)\.$/, '应答 $1。'],
  [/answered (\d+)/, '应答 $1'],
];

/** The course of a request; the time in front stays. */
const STORY: readonly Rule[] = [
  [/no endpoint has a place, so it waits/, '没有可用的端点，排队等待'],
  [/it is tried on (.*), one of (\d+) open of (\d+)\./, '发往 $1（$3 个端点中有 $2 个可用）。'],
  [/it is tried on (.*)\.$/, '发往 $1。'],
  [/that failed: /, '失败：'],
  [/it is tried again \(other endpoint\)\./, '换一个端点重试。'],
  [/it is tried again \(after backoff\)\./, '等待片刻后重试。'],
  [/it is tried again \(fresh connection\)\./, '换一个新连接重试。'],
  [/it falls back to the model (.*)\.$/, '改用备用模型 $1。'],
  [/the first byte of the answer went to the client\./, '应答的首字节已发给客户端。'],
  [/refused with (\d+)\./, '被拒绝，状态码 $1。'],
  [/the client went away\.$/, '客户端已离开。'],
  [/ended with (\d+): /, '以状态码 $1 结束：'],
  [/^why there: /, '选择原因：'],
  [/its session is at home there/, '它的会话归属该端点'],
  [/it went to the second home of its session/, '使用其会话的第二归属端点'],
  [/both homes of its session were full/, '其会话的两个归属端点都已满'],
  [/the homes of its session could not take it/, '其会话的归属端点无法接收'],
  [/no endpoint holds any of its prompt/, '没有端点缓存其提示词'],
  [/it went where most of its prompt is held/, '该端点缓存的提示词最多'],
  [/waiting where more of .* than it saves/, '在缓存更多的端点上等待得不偿失'],
  [/the endpoint that holds more of its prompt .* it/, '缓存更多的端点无法接收'],
  [/; (?=[^(]*\()/, '；'],
  [
    / ?\((\d+) of (\d+) blocks held, (\d+) tokens queued\)\./,
    '（$2 块中已缓存 $1 块，排队 $3 token）。',
  ],
];

const REASONS: readonly Rule[] = [
  reason('tried', '已试过'),
  reason('ejected', '已剔除'),
  reason('busy', '繁忙'),
  reason('down', '故障'),
  reason('unchecked', '未检查'),
  reason('draining', '排空中'),
  reason('rate limit', '已达速率上限'),
  reason('connection limit', '已达连接上限'),
];

/** Those of src/core/errors.ts. */
const ERRORS: readonly Rule[] = [
  sentence('request is malformed: (.*)', 'HTTP 请求格式错误：$1。'),
  sentence('header exceeds the limit: (.*)', '请求头超过上限：$1。'),
  sentence('longer than 8192 bytes', '请求目标超过 8192 字节。'),
  sentence('body is larger than (.*) bytes', '请求体超过 $1 字节。'),
  sentence('may only be "chunked"', 'Transfer-Encoding 只能是“chunked”。'),
  [/Only HTTP\/1\.1 and HTTP\/1\.0 are .*\./, '这里只支持 HTTP/1.1 和 HTTP/1.0。'],
  sentence('Content-Encoding: (.*)', '请求体不能压缩：请去掉 Content-Encoding: $1。'),
  sentence('100-continue', '只支持“Expect: 100-continue”。'),
  sentence('did not arrive in time', '请求没有及时到达。'),
  [/No such route: (.*)\./, '没有这个路径：$1。'],
  sentence('route does not take (.*)', '这个路径不接受 $1。'),
  sentence('valid API key', '需要有效的 API 密钥：以“Authorization: Bearer”或“x-api-key”发送。'),
  sentence('must carry a "model"', 'JSON 请求体必须带有非空字符串“model”。'),
  [/The model "(.*)" is not served .*\./, '这里没有模型“$1”；GET /v1/models 列出可用的模型。'],
  sentence('client went away before', '应答就绪前客户端已离开。'),
  [/All endpoints of the model "(.*)" are .*\./, '模型“$1”的端点都已达上限，见 Retry-After。'],
  [
    /The router serves (.*) requests at once.*\./,
    '路由器同时最多处理 $1 个请求（server.max_requests）。',
  ],
  [/Too many requests wait for the model "(.*)" .*\./, '等待模型“$1”的请求过多。'],
  sentence('no free socket', '路由器没有空闲的套接字连接端点。'),
  [/No endpoint of the model "(.*)" is .*\./, '模型“$1”目前没有可用的端点。'],
  sentence('is shutting down', '路由器正在关闭。'),
  sentence(
    'not answered within its time',
    '请求没有在限定时间内完成（X-Request-Timeout 或配置的时间）。',
  ),
  sentence('router made a mistake', '路由器内部错误，见其日志。'),
  sentence('refused the connection', '端点拒绝了连接。'),
  sentence('not accept a connection', '端点没有及时接受连接。'),
  sentence('not be reached', '无法连接到端点。'),
  sentence('TLS handshake', '与端点的 TLS 握手失败。'),
  sentence('kept-alive', '复用的连接已被端点关闭。'),
  sentence('before it answered', '端点在应答前关闭了连接。'),
  sentence('not start to answer', '端点没有及时开始应答。'),
  sentence('not finish its answer', '端点没有在设定时间内完成应答。'),
  sentence('is overloaded', '端点过载。'),
  sentence('answered with a server error', '端点返回了服务器错误。'),
  sentence('not valid HTTP', '端点的应答不是有效的 HTTP。'),
  sentence('closed the connection in the', '端点在应答中途关闭了连接。'),
  sentence('stopped sending', '端点在应答中途停止发送。'),
  sentence('not read its answer', '客户端没有读取应答。'),
];

const RULES = [...STATES, ...PROBES, ...STORY, ...REASONS, ...ERRORS];

export function zhDetail(detail: string): string {
  return RULES.reduce((text, [pattern, chinese]) => text.replace(pattern, chinese), detail);
}
