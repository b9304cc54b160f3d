/** HAProxy with one thread, upstream reuse and `http-no-delay`, so that events are not held. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from '../process/child.ts';
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

function configuration({ port, backendPort }: TargetSetting): string {
  return `
global
  nbthread 1
  maxconn 8000
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
  server engine 127.0.0.1:${backendPort} pool-max-conn 1024
`;
}
