/** Shows an address in the user's browser, where somebody sits before the screen. */
import { spawn } from 'node:child_process';

/** Does nothing without a terminal and a display, and never fails. */
export function openPage(url: string): void {
  const command = commandOf(process.platform, process.env);
  if (url === '' || command === '' || !process.stdout.isTTY) return;
  const child = spawn(command, [url], { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}

function commandOf(platform: string, { DISPLAY, WAYLAND_DISPLAY }: NodeJS.ProcessEnv): string {
  if (platform === 'darwin') return 'open';
  const hasDisplay = (DISPLAY ?? '') !== '' || (WAYLAND_DISPLAY ?? '') !== '';
  return platform === 'linux' && hasDisplay ? 'xdg-open' : '';
}
