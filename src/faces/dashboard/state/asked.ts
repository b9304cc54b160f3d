/** Answers that a view asks for again and again while it is shown. */
import { useEffect, useState } from 'preact/hooks';
import { ApiError, ask } from './api.ts';

export interface Asked<T> {
  readonly value: T | undefined;
  /** Why there is no answer now; '' = there is one, or the first is on its way. */
  readonly problem: string;
  /** The router has no such thing. */
  readonly isAbsent: boolean;
}

const NOTHING = { value: undefined, problem: '', isAbsent: false };

/** Asks at once and every `everyMs`; 0 asks once. The last good answer stays. */
export function useAsked<T>(path: string, everyMs: number): Asked<T> {
  const [asked, setAsked] = useState<Asked<T>>(NOTHING);
  useEffect(() => {
    let current = true;
    setAsked(NOTHING);
    const now = async () => {
      if (document.hidden && everyMs > 0) return;
      try {
        const value = await ask<T>(path);
        if (current) setAsked({ value, problem: '', isAbsent: false });
      } catch (error) {
        const isAbsent = error instanceof ApiError && error.status === 404;
        const problem = error instanceof Error ? error.message : String(error);
        if (current) setAsked((before) => ({ value: before.value, problem, isAbsent }));
      }
    };
    void now();
    const timer = everyMs > 0 ? setInterval(now, everyMs) : undefined;
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [path, everyMs]);
  return asked;
}
