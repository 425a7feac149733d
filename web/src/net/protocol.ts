// What travels between page and server: docs/protocol.md in types. Times are milliseconds since 1970 (UTC).

export interface Attachment {
  url: string;
  name: string;
  type: string;
  /** Bytes. */
  size: number;
  /** Pixels; 0 when unknown. */
  width: number;
  height: number;
  /** Address of a smaller version; absent or empty when there is none. */
  thumbnail?: string | null;
}

export interface ChatMessage {
  id: string;
  /** Position in its room: 1, 2, 3 … without holes. */
  seq: number;
  room: string;
  username: string;
  message: string;
  timestamp: number;
  client_id?: string;
  reply_to?: string;
  attachments?: Attachment[];
}

export interface Presence {
  room: string;
  joined: string[];
  left: string[];
  /** Members in all; the lists above may be shortened in large rooms, this is right. */
  count: number;
}

export interface Typing {
  room: string;
  usernames: string[];
}

export interface Notice {
  room?: string;
  message: string;
}

export interface WireError {
  code: string;
  message: string;
  retry_after_ms?: number;
}

/** What a request comes to. Failures of the way there have the codes "disconnected" and "timeout". */
export type Reply<T> = ({ ok: true } & T) | { ok: false; error: WireError };

export interface JoinRequest {
  username: string;
  room: string;
  /** Only messages after this seq are wanted. */
  since?: number;
  /** From an earlier join: proves that the name is ours while an old connection still holds it. */
  token?: string;
}

export interface JoinReply {
  you: string;
  room: string;
  members: string[];
  count: number;
  history: ChatMessage[];
  last_seq: number;
  token?: string;
  more?: boolean;
}

export interface MessageRequest {
  room: string;
  message: string;
  client_id: string;
  attachments?: { url: string }[];
}

export interface MessageReply {
  id: string;
  seq: number;
  timestamp: number;
}

export interface HistoryRequest {
  room: string;
  before?: number;
  after?: number;
  limit?: number;
}

export interface HistoryReply {
  messages: ChatMessage[];
  more: boolean;
}

export interface MembersRequest {
  room: string;
  /** A name: those behind it, in the server's order. */
  after?: string;
}

export interface MembersReply {
  members: string[];
  more: boolean;
  count: number;
}

export interface RoomSummary {
  name: string;
  count: number;
  topic?: string;
}

export interface Requests {
  join: [JoinRequest, JoinReply];
  leave: [{ room: string }, object];
  message: [MessageRequest, MessageReply];
  typing: [{ room: string; typing: boolean }, object];
  history: [HistoryRequest, HistoryReply];
  members: [MembersRequest, MembersReply];
  rooms: [object, { rooms: RoomSummary[] }];
}

export interface ServerEvents {
  message: ChatMessage;
  presence: Presence;
  typing: Typing;
  notice: Notice;
  error: WireError;
}

export interface Limits {
  /** Bytes of one image. */
  max_upload: number;
  /** Bytes of one message, as UTF-8. */
  max_message: number;
  /** Characters (code points) of a user name and of a room name. */
  max_name: number;
  max_room: number;
}

export const defaultLimits: Limits = {
  max_upload: 10 * 1024 * 1024,
  max_message: 8192,
  max_name: 32,
  max_room: 64,
};
