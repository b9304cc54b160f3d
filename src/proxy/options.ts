/** A key that clients may show. */
export interface ClientKey {
  /** For logs; never the key. */
  readonly name: string;
  /** SHA-256 of the key, base64. */
  readonly digest: string;
  /** Of its name among the counts by key. */
  readonly place: number;
  /** Class of its requests, 0 is the best; -1 = what they ask for. */
  readonly priority: number;
}

/** What the data plane is told once, at start: plain values, safe to post to a worker. */
export interface ProxyOptions {
  readonly host: string;
  readonly port: number;
  readonly reusePort: boolean;
  /** PEM texts of the listener's certificate and key; both empty = plain HTTP. */
  readonly tlsCert: string;
  readonly tlsKey: string;
  /** None: whoever reaches the listener is served. */
  readonly clientKeys: readonly ClientKey[];
  /** Answers carry x-llm-router-endpoint and x-llm-router-attempts. */
  readonly explainHeaders: boolean;
  /** In progress at once, all workers together; 0 = unlimited. */
  readonly maxRequests: number;
  readonly maxBodyBytes: number;
  /** What request bodies may hold in one worker. */
  readonly retryBufferBytes: number;
  readonly numRetries: number;
  readonly queueTimeoutMs: number;
  readonly maxQueue: number;
  /** What the bodies of those that wait for one model may hold in one worker. */
  readonly maxQueueBytes: number;
  /** Requests of one model in progress, over all workers; 0 = unlimited. */
  readonly maxParallelRequests: number;
  readonly unavailableWaitMs: number;
  readonly requestTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Connections to one endpoint over all workers; 0 = unlimited. */
  readonly maxConnsPerHost: number;
  readonly maxIdleConns: number;
  readonly idleConnTimeoutMs: number;
  readonly failureThreshold: number;
  readonly baseEjectionMs: number;
  readonly maxEjectionMs: number;
  /** 0 = the share of successes does not eject. */
  readonly successRatio: number;
  readonly windowMs: number;
  readonly minRequests: number;
  /** 0 = off. */
  readonly slowStartMs: number;
  /** 0 = only when no endpoint is available. */
  readonly panicThreshold: number;
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  readonly jitterFactor: number;
  readonly requestHeadMs: number;
  readonly bodyGapMs: number;
  readonly keepAliveIdleMs: number;
  /** 0 = no limit. */
  readonly firstByteMs: number;
  readonly streamGapMs: number;
  readonly writeStallMs: number;
  readonly headHoldMs: number;
  /** A scrape older than this says nothing any more. */
  readonly reportStaleMs: number;
  /** Streams are asked for their usage. */
  readonly streamUsage: boolean;
  /** What names a session, in order; empty = sessions are not kept together. */
  readonly sessionKeys: readonly string[];
  /** A strategy that is asked but not obeyed; '' = none. */
  readonly shadow: string;
  /** What a prefix cache holds where the engine does not say. */
  readonly prefixCacheTokens: number;
  /** Records of requests tell lengths and block hashes. */
  readonly recordShapes: boolean;
}
