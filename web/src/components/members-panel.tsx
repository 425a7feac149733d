import { useRef } from "preact/hooks";
import { useApp } from "../app-context";
import type { Room } from "../state/room";
import { Avatar } from "./avatar";
import { IconButton } from "./icon-button";

export function MembersPanel({ room }: { room: Room }) {
  const { chat, screen, toasts } = useApp();
  const list = useRef<HTMLUListElement>(null);
  const { names, count } = room.members.value;
  const you = room.you.value;
  const typing = new Set(room.typing.value);
  const hidden = count - names.length;
  const loading = room.loadingMembers.value;
  const more = async () => {
    // The button goes away, perhaps for good; one reads on in the list.
    list.current?.focus({ preventScroll: true });
    if (!(await chat.loadMembers(room))) toasts.show("The people could not be loaded.");
  };
  return (
    <aside
      class="panel members-panel"
      id="members-panel"
      aria-label="People in this room"
      data-open={screen.membersOpen.value}
      inert={!screen.membersOpen.value}
    >
      <div class="panel-head">
        <h2 class="panel-title">In this room</h2>
        {screen.medium.value && (
          <IconButton
            icon="close"
            label="Close the people"
            testid="close-members"
            onClick={() => screen.close()}
          />
        )}
      </div>
      <ul
        class="panel-scroll"
        data-testid="members"
        ref={list}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        tabIndex={0}
        aria-label="People"
        aria-busy={loading}
      >
        {names.map((name) => (
          <li class="member" data-testid="member" data-name={name} key={name}>
            <Avatar name={name} size="s" />
            <span class="member-name" dir="auto" title={name}>
              {name}
            </span>
            {name === you && <span class="member-you">you</span>}
            {name !== you && typing.has(name) && <span class="dots" aria-hidden="true" />}
          </li>
        ))}
        {hidden > 0 && (
          <li class="panel-note">
            and {hidden} more{" "}
            <button
              type="button"
              class="link-button"
              data-testid="more-members"
              disabled={loading || room.status.value.kind !== "joined"}
              onClick={() => void more()}
            >
              {loading ? "Loading…" : "Show more"}
            </button>
          </li>
        )}
      </ul>
    </aside>
  );
}
