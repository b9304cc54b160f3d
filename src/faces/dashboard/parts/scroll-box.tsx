/** A part that scrolls by itself: it has a name, and the keyboard reaches it. */
import type { ComponentChildren } from 'preact';

interface ScrollBoxProps {
  readonly label: string;
  readonly class?: string;
  readonly children: ComponentChildren;
}

export function ScrollBox({ label, children, ...rest }: ScrollBoxProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <section class={`scroll ${rest.class ?? ''}`} tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
