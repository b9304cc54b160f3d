/** The version of this program, as the build writes it in. */

/** Put there by tools/build.ts. */
declare const LLM_ROUTER_VERSION: string | undefined;

export const VERSION = typeof LLM_ROUTER_VERSION === 'string' ? LLM_ROUTER_VERSION : 'from source';
