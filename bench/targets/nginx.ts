/**
 * nginx set up as one would in front of streaming engines: one worker, keep-alive on both sides
 * without a request limit, no response buffering, no access log.
 */
import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { Child } from '../process/child.ts';
import type { Target, TargetSetting } from './target.ts';
import { versionLine } from './version.ts';

export const nginx: Target = {
  name: 'nginx',
  version: () => versionLine('nginx', '-v'),
  start(setting) {
    const file = join(setting.folder, 'nginx.conf');
    writeFileSync(file, configuration(setting));
    return new Child('nginx', setting, ['nginx', '-p', setting.folder, '-c', file]);
  },
};

function configuration({ folder, port, backendPort }: TargetSetting): string {
  // As root, nginx would give its worker another user, who may not enter a private folder.
  const user = userInfo().uid === 0 ? 'user root root;' : '';
  const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${join(folder, kind)};`)
    .join('\n  ');
  return `
daemon off;
${user}
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${join(folder, 'nginx.pid')};
error_log stderr error;
events { worker_connections 20000; multi_accept on; }
http {
  access_log off;
  ${scratch}
  keepalive_requests 1000000000;
  keepalive_timeout 3600s;
  client_max_body_size 0;
  upstream backend {
    server 127.0.0.1:${backendPort};
    keepalive 1024;
    keepalive_requests 1000000000;
    keepalive_timeout 3600s;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_buffering off;
      proxy_read_timeout 3600s;
    }
  }
}
`;
}
