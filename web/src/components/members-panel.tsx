import { useApp } from "../app-context";
import type { Room } from "../state/room";
import { Avatar } from "./avatar";
import { IconButton } from "./icon-button";

export function MembersPanel({ room }: { room: Room }) {
  const { screen } = useApp();
  const { names, count } = room.members.value;
  const you = room.you.value;
  const typing = new Set(room.typing.value);
  const hidden = count - names.length;
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
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <ul class="panel-scroll" data-testid="members" tabIndex={0} aria-label="People">
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
        {hidden > 0 && <li class="panel-note">and {hidden} more</li>}
      </ul>
    </aside>
  );
}
