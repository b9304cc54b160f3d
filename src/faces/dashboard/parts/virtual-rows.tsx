/**
 * Which rows of a long table are drawn: those in sight and a few around them. Invariant: the
 * height of all rows together is kept by two empty rows, so the scroll bar tells the truth.
 */
import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';

const AROUND = 10;

export interface Window {
  readonly from: number;
  readonly to: number;
}

/** Follows the scrolling of `box`, whose rows are `rowHeight` pixels high. */
export function useWindow(
  box: RefObject<HTMLElement | null>,
  count: number,
  rowHeight: number,
): Window {
  const [seen, setSeen] = useState({ top: 0, height: 800 });
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const look = () => setSeen({ top: element.scrollTop, height: element.clientHeight });
    const resized = new ResizeObserver(look);
    resized.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    look();
    return () => {
      resized.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, [box]);
  const from = Math.max(0, Math.floor(seen.top / rowHeight) - AROUND);
  const to = Math.min(count, Math.ceil((seen.top + seen.height) / rowHeight) + AROUND);
  return { from: Math.min(from, Math.max(0, count - 1)), to };
}

export function Gap({ height }: { readonly height: number }) {
  return height <= 0 ? null : (
    <tr class="gap" aria-hidden="true" style={{ height: `${height}px` }} />
  );
}
