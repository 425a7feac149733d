// What is written and not sent yet, by room: survives a reload of the tab, and leaving the room and coming back.
import { asRecord, type Store } from "../lib/storage";

/** The oldest fall out, and a text much longer than a message may be is not kept: it is written at every key. */
const MOST_ROOMS = 20;
const LONGEST = 32_768;

export class Drafts {
  constructor(private readonly tab: Store) {}

  of(room: string): string {
    return this.read().get(key(room)) ?? "";
  }

  keep(room: string, text: string): void {
    const drafts = this.read();
    // Deleted first, so that the map's order is the order of use.
    if (!drafts.delete(key(room)) && text === "") return;
    if (text !== "" && text.length <= LONGEST) drafts.set(key(room), text);
    if (drafts.size > 0) this.tab.set("drafts", Object.fromEntries([...drafts].slice(-MOST_ROOMS)));
    else this.forget();
  }

  forget(): void {
    this.tab.remove("drafts");
  }

  private read(): Map<string, string> {
    const entries = Object.entries(asRecord(this.tab.get("drafts")));
    return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
  }
}

/** A leading "#" keeps "__proto__" and the like plain data, and rooms named by a number in their order. */
function key(room: string): string {
  return `#${room}`;
}
