// The images that go with the next message, while they are uploaded and after.
import { useLayoutEffect, useRef } from "preact/hooks";
import { useApp } from "../app-context";
import { passFocus } from "../lib/focus";
import type { Room } from "../state/room";
import { summary } from "../state/tray";
import { IconButton } from "./icon-button";
import { Icon } from "./icons";

export function AttachmentTray({ room }: { room: Room }) {
  const { trays, limits } = useApp();
  const items = room.tray.value;
  const list = useRef<HTMLUListElement>(null);

  // What failed, else what was added last, is in sight.
  const failed = items.findLastIndex((item) => item.state === "failed");
  const shown = failed < 0 ? items.length - 1 : failed;
  useLayoutEffect(() => {
    const item = list.current?.children[shown];
    if (list.current && item instanceof HTMLElement)
      list.current.scrollTop = item.offsetTop - list.current.offsetTop;
  }, [shown, failed]);

  return (
    <>
      <p class="sr-only" role="status" data-testid="tray-status">
        {summary(items)}
      </p>
      {items.length > 0 && (
        <ul ref={list} class="tray" aria-label="Images to send" data-testid="tray">
          {items.map((item) => (
            <li
              class={`tray-item ${item.state}`}
              key={item.id}
              data-testid="tray-item"
              data-state={item.state}
            >
              {item.preview && item.state !== "failed" ? (
                <img src={item.preview} alt="" />
              ) : (
                <Icon name="warn" />
              )}
              <div class="tray-text">
                <span class="tray-name" dir="auto">
                  {item.name}
                </span>
                {item.state === "uploading" && (
                  <progress
                    data-testid="upload-progress"
                    aria-label={`Uploading ${item.name}`}
                    value={item.progress}
                    max={1}
                  />
                )}
                {item.state === "done" && <span class="tray-note">Ready to send</span>}
                {item.state === "failed" && (
                  <span class="field-error" role="alert" data-testid="upload-error">
                    {item.error}
                  </span>
                )}
              </div>
              {item.again && (
                <IconButton
                  icon="retry"
                  label={`Try ${item.name} again`}
                  testid="upload-retry"
                  onClick={(event) => {
                    passFocus(event.currentTarget);
                    trays.retry(room.tray, item.id, limits.peek());
                  }}
                />
              )}
              <IconButton
                icon="close"
                label={item.state === "uploading" ? `Cancel ${item.name}` : `Remove ${item.name}`}
                testid="upload-cancel"
                onClick={(event) => {
                  passFocus(event.currentTarget, ".tray-item");
                  trays.remove(room.tray, item.id);
                }}
              />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
