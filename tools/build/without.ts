/** An esbuild plugin that puts nothing in the place of packages which others could load. */
import type { Plugin } from 'esbuild';

export function without(...names: readonly string[]): Plugin {
  return {
    name: 'without',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^/ }, ({ path }) =>
        names.includes(path) ? { path, namespace: 'without' } : undefined,
      );
      onLoad({ filter: /^/, namespace: 'without' }, () => ({ contents: 'export default {};' }));
    },
  };
}
