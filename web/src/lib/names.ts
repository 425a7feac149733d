// The checks on names the page can make before it asks. The server's rules are stricter; it has the last word.
import type { Limits, WireError } from "../net/protocol";
import { codePoints } from "./text";

export function checkName(name: string, limits: Limits): WireError | undefined {
  if (name.trim() === "") return { code: "name_empty", message: "Choose a name." };
  if (codePoints(name.trim()) > limits.max_name) {
    return { code: "name_too_long", message: `A name has at most ${limits.max_name} characters.` };
  }
  return undefined;
}

export function checkRoom(room: string, limits: Limits): WireError | undefined {
  if (cleanRoom(room) === "") return { code: "room_empty", message: "Choose a room." };
  if (codePoints(cleanRoom(room)) > limits.max_room) {
    return { code: "room_too_long", message: `A room name has at most ${limits.max_room} characters.` };
  }
  return undefined;
}

/** People write "#tea" for the room "tea". */
export function cleanRoom(room: string): string {
  return room.trim().replace(/^#+/, "").trim();
}

/** The field an error belongs to. */
export function fieldOf(error: WireError): "name" | "room" | "form" {
  if (error.code.startsWith("name_")) return "name";
  return error.code.startsWith("room_") || error.code === "too_many_rooms" ? "room" : "form";
}
