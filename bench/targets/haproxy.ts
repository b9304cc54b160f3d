/**
 * HAProxy with one thread unless told otherwise, upstream reuse and `http-no-delay`, so that
 * events are not held. `no strict-limits` lets it start where fewer files may be open than
 * `maxconn` may need.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from '../process/child.ts';
import { loopbackAddresses } from '../process/loopback.ts';
import type { Target, TargetSetting } from './target.ts';
import { versionLine } from './version.ts';

export const haproxy: Target = {
  name: 'haproxy',
  version: () => versionLine('haproxy', '-v'),
  start(setting) {
    const file = join(setting.folder, 'haproxy.cfg');
    writeFileSync(file, configuration(setting));
    return new Child('haproxy', setting, ['haproxy', '-db', '-f', file]);
  },
};

function configuration({ port, backendPort, shape }: TargetSetting): string {
  const servers = loopbackAddresses(shape.endpoints)
    .map((address, index) => `server engine${index} ${address}:${backendPort} pool-max-conn 1024`)
    .join('\n  ');
  return `
global
  nbthread ${shape.workers}
  maxconn 16000
  no strict-limits
defaults
  mode http
  option http-no-delay
  option http-keep-alive
  http-reuse always
  timeout connect 10s
  timeout client 3600s
  timeout server 3600s
  timeout http-keep-alive 3600s
frontend front
  bind 127.0.0.1:${port} backlog 4096
  default_backend engines
backend engines
  ${servers}
`;
}
