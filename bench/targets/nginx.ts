/**
 * nginx set up as one would in front of streaming engines: one worker unless told otherwise,
 * keep-alive on both sides without a request limit, no response buffering, no access log.
 */
import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { Child } from '../process/child.ts';
import { descriptorLimit } from '../process/descriptors.ts';
import { loopbackAddresses } from '../process/loopback.ts';
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

/** Of the 64 KiB that is usual for fast uploads; without streaming nginx's own default stays. */
const STREAMED_UPLOADS = `
  proxy_request_buffering off;
  client_body_buffer_size 64k;`;
const MAX_CONNECTIONS = 40_000;

function configuration({ folder, port, backendPort, shape }: TargetSetting): string {
  // As root, nginx would give its worker another user, who may not enter a private folder.
  const user = userInfo().uid === 0 ? 'user root root;' : '';
  const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${join(folder, kind)};`)
    .join('\n  ');
  const servers = loopbackAddresses(shape.endpoints)
    .map((address) => `server ${address}:${backendPort};`)
    .join('\n    ');
  const connections = Math.min(MAX_CONNECTIONS, descriptorLimit());
  return `
daemon off;
${user}
worker_processes ${shape.workers};
worker_rlimit_nofile ${connections};
pid ${join(folder, 'nginx.pid')};
error_log stderr error;
events { worker_connections ${connections}; multi_accept on; }
http {
  access_log off;
  ${scratch}
  keepalive_requests 1000000000;
  keepalive_timeout 3600s;
  client_max_body_size 0;${shape.streamsUploads ? STREAMED_UPLOADS : ''}
  upstream backend {
    ${servers}
    keepalive ${Math.max(1024, 2 * shape.endpoints)};
    keepalive_requests 1000000000;
    keepalive_timeout 3600s;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096${shape.workers > 1 ? ' reuseport' : ''};
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
