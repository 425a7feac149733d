// The conversation: stays at its end while the reader is there, and still while the reader is elsewhere.
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { useApp } from "../app-context";
import { passFocus } from "../lib/focus";
import { dayLabel } from "../lib/time";
import type { Room } from "../state/room";
import { buildRows } from "../state/rows";
import { EmptyRoom } from "./empty-room";
import { Icon } from "./icons";
import { MessageItem } from "./message-item";
import { useLogScroll } from "./use-log-scroll";

export function MessageList({ room }: { room: Room }) {
  const { chat, screen, toasts } = useApp();
  const timeline = room.timeline.value;
  const outbox = room.outbox.value;
  const you = room.you.value;
  const { marker, unread } = room.read.value;
  const rows = useMemo(() => buildRows(timeline, outbox, you, marker), [timeline, outbox, you, marker]);

  /** After a failure the next page is asked for only when the reader moves. */
  const failed = useRef(false);
  const olderButton = useRef<HTMLButtonElement>(null);
  const older = async () => {
    failed.current = true;
    // The button goes away, perhaps for good; one reads on in the list.
    if (document.activeElement === olderButton.current) scroll.box.current?.focus();
    if (await chat.loadOlder(room)) failed.current = false;
    else toasts.show("Older messages could not be loaded.");
  };
  const scroll = useLogScroll({
    marker: marker !== undefined,
    missed: () => !chat.visible.peek() && room.unread.peek() > 0,
    onEnd: (atEnd) => {
      chat.atEnd.value = atEnd;
      if (atEnd) chat.trim(room);
    },
    onTop: (moved) => {
      const wanted = room.timeline.peek().hasOlder && !room.loadingOlder.peek() && (moved || !failed.current);
      if (wanted && room.status.peek().kind === "joined") void older();
    },
  });

  // Writing something takes the writer to it.
  const waiting = outbox.at(-1)?.clientId;
  const lastWaiting = useRef(waiting);
  useLayoutEffect(() => {
    if (waiting !== undefined && waiting !== lastWaiting.current) scroll.toEnd();
    lastWaiting.current = waiting;
  }, [waiting]);
  useLayoutEffect(scroll.settle);

  const retry = useMemo(() => (id: string) => chat.retry(room, id), [chat, room]);
  const discard = useMemo(() => (id: string) => chat.discard(room, id), [chat, room]);
  const now = screen.today.value;
  const empty = rows.length === 0 && !timeline.hasOlder;

  return (
    <div class="log-frame">
      <div
        class="log"
        ref={scroll.box}
        role="log"
        aria-live="polite"
        aria-relevant="additions"
        aria-busy={room.loadingOlder.value}
        aria-label={`Messages in ${room.name}`}
        data-testid="messages"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        tabIndex={0}
        onScroll={scroll.onScroll}
        onScrollEnd={scroll.onScrollEnd}
      >
        {timeline.hasOlder && (
          <button
            ref={olderButton}
            type="button"
            class="button button-small button-plain load-older"
            data-testid="load-older"
            disabled={room.loadingOlder.value}
            onClick={() => void older()}
          >
            {room.loadingOlder.value ? "Loading…" : "Older messages"}
          </button>
        )}
        {!timeline.hasOlder && rows.length > 0 && <p class="log-start">This is where #{room.name} begins.</p>}
        {empty && <EmptyRoom room={room} />}
        {rows.map((row) =>
          row.kind === "message" ? (
            <MessageItem key={row.key} row={row} onRetry={retry} onDiscard={discard} />
          ) : row.kind === "day" ? (
            <div class="day" key={row.key} data-testid="day-separator">
              <span>{dayLabel(row.timestamp, now)}</span>
            </div>
          ) : (
            <div class="marker" key={row.key} data-testid="new-marker">
              <span>New</span>
            </div>
          ),
        )}
      </div>
      {!chat.atEnd.value && !empty && (
        <button
          type="button"
          class="jump"
          data-testid="jump-latest"
          onClick={(event) => {
            passFocus(event.currentTarget);
            scroll.toEnd(true);
          }}
          // It floats over the list: turning the wheel on it is meant for the list.
          onWheel={(event) => scroll.box.current?.scrollBy({ top: event.deltaY })}
        >
          <Icon name="down" />
          {unread > 0 ? `${unread} new` : "Latest"}
        </button>
      )}
    </div>
  );
}
