/**
 * From the configuration to what a worker is told; a limit over all workers becomes each one's
 * share.
 */
import { createHash } from 'node:crypto';
import type { Config } from '../config/schema.ts';
import type { KeyPlaces } from '../control/key-places.ts';
import { priorityOf } from '../core/priority.ts';
import type { ClientKey, ProxyOptions } from '../proxy/options.ts';

/** A report is stale when it missed this many scrapes. */
const STALE_SCRAPES = 3;

/** What is known only when the process starts. */
export interface Circumstances {
  readonly port: number;
  readonly workers: number;
  /** Somebody records the shape of traffic. */
  readonly recordShapes?: boolean;
  /** PEM texts, or both empty. */
  readonly tlsCert: string;
  readonly tlsKey: string;
  readonly keyPlaces: KeyPlaces;
}

export function proxyOptions(config: Config, now: Circumstances): ProxyOptions {
  const { port, workers, tlsCert, tlsKey } = now;
  const { server, routing, httpClient, timeouts, retry, ejection, monitor } = config;
  return {
    host: server.host,
    port,
    reusePort: workers > 1,
    tlsCert,
    tlsKey,
    clientKeys: clientKeys(server.apiKeys, now.keyPlaces),
    explainHeaders: server.explainHeaders,
    maxRequests: server.maxRequests,
    maxBodyBytes: server.maxBodyBytes,
    retryBufferBytes: Math.ceil(server.retryBufferBytes / workers),
    numRetries: routing.numRetries,
    queueTimeoutMs: routing.queueTimeoutMs,
    maxQueue: Math.ceil(routing.maxQueue / workers),
    maxQueueBytes: Math.ceil(routing.maxQueueBytes / workers),
    maxParallelRequests: routing.maxParallelRequests,
    unavailableWaitMs: routing.unavailableWaitMs,
    requestTimeoutMs: httpClient.requestTimeoutMs,
    connectTimeoutMs: httpClient.connectTimeoutMs,
    maxConnsPerHost: httpClient.maxConnsPerHost,
    maxIdleConns: Math.ceil(httpClient.maxIdleConns / workers),
    idleConnTimeoutMs: httpClient.idleConnTimeoutMs,
    failureThreshold: retry.failureThreshold,
    baseEjectionMs: ejection.baseMs,
    maxEjectionMs: ejection.maxMs,
    successRatio: ejection.successRatio,
    windowMs: ejection.windowMs,
    minRequests: ejection.minRequests,
    slowStartMs: ejection.slowStartMs,
    panicThreshold: routing.panicThreshold,
    baseDelayMs: retry.baseDelayMs,
    maxDelayMs: retry.maxDelayMs,
    jitterFactor: retry.jitterFactor,
    requestHeadMs: timeouts.requestHeadMs,
    bodyGapMs: timeouts.bodyGapMs,
    keepAliveIdleMs: timeouts.keepAliveIdleMs,
    firstByteMs: timeouts.firstByteMs,
    streamGapMs: timeouts.streamGapMs,
    writeStallMs: timeouts.writeStallMs,
    headHoldMs: timeouts.headHoldMs,
    reportStaleMs: STALE_SCRAPES * monitor.collectIntervalMs,
    streamUsage: monitor.streamUsage,
    sessionKeys: routing.sessionAffinity ? routing.sessionKeys : [],
    shadow: routing.shadow === 'none' ? '' : routing.shadow,
    prefixCacheTokens: routing.prefixCacheTokens,
    recordShapes: now.recordShapes ?? false,
  };
}

/** Workers get digests only. A key without a name is called by its place in the list. */
function clientKeys(keys: Config['server']['apiKeys'], places: KeyPlaces): ClientKey[] {
  return keys.map((given, index) => {
    const {
      name: own,
      key,
      priority = '',
    } = typeof given === 'string' ? { name: '', key: given } : given;
    const digest = createHash('sha256').update(key, 'latin1').digest('base64');
    const name = own || `key-${index + 1}`;
    return { name, digest, place: places.placeOf(name), priority: priorityOf(priority) };
  });
}
