// One message. Draws again only when something about it changed: a list may hold hundreds.
import { Component } from "preact";
import { tone } from "../lib/avatar";
import { passFocus } from "../lib/focus";
import { clockTime, exactTime, isoTime } from "../lib/time";
import type { MessageRow } from "../state/rows";
import { Avatar } from "./avatar";
import { Icon } from "./icons";
import { MessageImages } from "./message-images";
import { MessageText } from "./message-text";

interface Props {
  row: MessageRow;
  onRetry: (clientId: string) => void;
  onDiscard: (clientId: string) => void;
}

export class MessageItem extends Component<Props> {
  override shouldComponentUpdate(next: Props): boolean {
    const a = this.props.row;
    const b = next.row;
    return (Object.keys(b) as (keyof MessageRow)[]).some((field) => a[field] !== b[field]);
  }

  override render() {
    const { row } = this.props;
    const sides = `${row.own ? "own" : "other"}${row.first ? " first" : ""}${row.last ? " last" : ""}`;
    const bare = row.text === "" && row.attachments.length > 0;
    return (
      <article
        class={`message ${sides} ${row.state}`}
        data-testid="message"
        data-seq={row.seq}
        data-state={row.state}
        data-own={row.own}
        data-author={row.username}
        aria-label={`${row.own ? "You" : row.username}, ${clockTime(row.timestamp)}`}
      >
        {!row.own && row.first && <Avatar name={row.username} />}
        <div class="message-body">
          <div class={row.first ? "message-head" : "message-head quiet"}>
            <span
              class={row.first && !row.own ? `message-author tone-${tone(row.username)}` : "sr-only"}
              dir="auto"
              data-testid="message-author"
            >
              {row.username}
            </span>
            <time
              class="message-time"
              dateTime={isoTime(row.timestamp)}
              title={exactTime(row.timestamp)}
              data-testid="message-time"
            >
              {clockTime(row.timestamp)}
            </time>
          </div>
          {row.attachments.length > 0 && <MessageImages attachments={row.attachments} />}
          {!bare && (
            <div class="bubble">
              <MessageText text={row.text} />
            </div>
          )}
          {row.state === "pending" && <p class="message-state">Sending…</p>}
          {row.state === "failed" && this.failure()}
        </div>
      </article>
    );
  }

  private failure() {
    const { row, onRetry, onDiscard } = this.props;
    const id = row.clientId ?? "";
    const last = (event: { currentTarget: HTMLElement }, act: (id: string) => void) => {
      passFocus(event.currentTarget, ".message-failed");
      act(id);
    };
    return (
      <div class="message-state message-failed">
        <Icon name="warn" />
        <span>Not sent. {row.error}</span>
        <button
          type="button"
          class="link-button"
          data-testid="message-retry"
          onClick={(event) => last(event, onRetry)}
        >
          Try again
        </button>
        <button
          type="button"
          class="link-button"
          data-testid="message-discard"
          onClick={(event) => last(event, onDiscard)}
        >
          Discard
        </button>
      </div>
    );
  }
}
