// Scrolling of the message list. Two states: at the end, and it stays there whatever grows; or elsewhere, and then
// the message at the top edge keeps its place whatever is added or taken away above it, or breaks into other lines.
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";

/** This near to the end counts as being there; this near to the top asks for more. Pixels. */
const END_SLACK = 48;
const TOP_SLACK = 240;
/** So much of what was read already is shown above the "New" line. */
const ABOVE_NEW = 72;

export interface LogScrollOptions {
  /** A "New" line is shown: begin there if it is above what the end shows. */
  marker: boolean;
  /** Something unread came while nobody can see the list: follow the end no further than the "New" line allows. */
  missed: () => boolean;
  onEnd: (atEnd: boolean) => void;
  /** The reader is near the top. `moved`: just scrolled there; else was there already when something was drawn. */
  onTop: (moved: boolean) => void;
}

export function useLogScroll(options: LogScrollOptions) {
  const box = useRef<HTMLDivElement>(null);
  const latest = useRef(options);
  latest.current = options;

  const tools = useMemo(() => {
    let stick = true;
    /** On the way to the end, which takes a moment: what is drawn meanwhile must not stop it. */
    let gliding = false;
    let reported: boolean | undefined;
    let lastTop = 0;
    let anchor: { element: HTMLElement; top: number; height: number } | undefined;

    const report = () => {
      if (reported === stick) return;
      reported = stick;
      latest.current.onEnd(stick);
    };

    /** Remembers the message at the top edge and where it is. */
    const pin = (element: HTMLDivElement) => {
      const items = element.children;
      let low = 0;
      let high = items.length - 1;
      while (low < high) {
        const middle = (low + high) >>> 1;
        const item = items[middle] as HTMLElement;
        if (item.offsetTop + item.offsetHeight > element.scrollTop) high = middle;
        else low = middle + 1;
      }
      // Day lines and the button above come and go; what must not move is a message.
      let found: Element | null | undefined = items[low];
      while (found && !found.classList.contains("message")) found = found.nextElementSibling;
      anchor =
        found instanceof HTMLElement
          ? { element: found, top: found.offsetTop, height: found.offsetHeight }
          : undefined;
    };

    const place = (top: number) => {
      if (box.current) box.current.scrollTop = top;
      lastTop = box.current?.scrollTop ?? 0;
    };

    /** To the end; or to the "New" line, if the end would hide it and that is not wanted. */
    const follow = (element: HTMLDivElement, newInSight: boolean) => {
      const line = newInSight ? element.querySelector<HTMLElement>(".marker") : null;
      stick = !line || line.offsetTop >= element.scrollHeight - element.clientHeight;
      place(stick || !line ? element.scrollHeight : line.offsetTop - ABOVE_NEW);
      report();
    };

    const glide = (element: HTMLDivElement) => {
      gliding = true;
      element.scrollTo({ top: element.scrollHeight, behavior: "smooth" });
    };

    const keep = (element: HTMLDivElement) => {
      if (gliding) {
        glide(element);
      } else if (stick) {
        follow(element, latest.current.missed());
      } else if (anchor?.element.isConnected) {
        const { element: message, top, height } = anchor;
        // Of a long message that breaks into more or fewer lines, the line that was read stays.
        const above = Math.min(Math.max(element.scrollTop - top, 0), height);
        const grown = (above * (message.offsetHeight - height)) / Math.max(height, 1);
        place(element.scrollTop + message.offsetTop - top + grown);
      }
      pin(element);
    };

    return {
      onScroll() {
        const element = box.current;
        if (!element) return;
        const up = element.scrollTop < lastTop;
        lastTop = element.scrollTop;
        stick = element.scrollHeight - element.scrollTop - element.clientHeight < END_SLACK;
        if (stick || up) gliding = false;
        pin(element);
        report();
        if (up && element.scrollTop < TOP_SLACK) latest.current.onTop(true);
      },
      /** There, or the reader has taken hold of the list on the way. */
      onScrollEnd() {
        gliding = false;
      },
      /** After every drawing. */
      settle() {
        const element = box.current;
        if (!element) return;
        keep(element);
        // At the very top nothing scrolls any more; whoever waits there for the next page gets it.
        if (!stick && element.scrollTop < TOP_SLACK) latest.current.onTop(false);
      },
      toEnd(smooth = false) {
        stick = true;
        const element = box.current;
        if (!element) return;
        const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
        if (smooth && !calm && element.scrollHeight - element.scrollTop < element.clientHeight * 4) {
          stick = false;
          glide(element);
        } else {
          place(element.scrollHeight);
          report();
        }
      },
      start() {
        const element = box.current;
        if (!element) return;
        follow(element, latest.current.marker);
        pin(element);
      },
      resized() {
        if (box.current) keep(box.current);
      },
    };
  }, []);

  useLayoutEffect(() => {
    tools.start();
    // The composer grows, the keyboard of a phone comes up, a panel is put away: the reader stays at the same place.
    const observer = new ResizeObserver(() => tools.resized());
    if (box.current) observer.observe(box.current);
    return () => observer.disconnect();
  }, [tools]);

  return { box, ...tools };
}
