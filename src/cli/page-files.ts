/** The files of the web dashboard, as the build writes them in; none when running from source. */
import type { PageFile } from '../control/page-routes.ts';

/** Put there by tools/build.ts. */
declare const LLM_ROUTER_PAGE: readonly PageFile[] | undefined;

export const PAGE_FILES: readonly PageFile[] =
  typeof LLM_ROUTER_PAGE === 'undefined' ? [] : LLM_ROUTER_PAGE;
