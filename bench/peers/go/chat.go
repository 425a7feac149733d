package main

import (
	"strconv"
	"sync"
	"time"

	"github.com/zishang520/socket.io/servers/socket/v3"
)

const historyLength = 50

type message struct {
	ID        string `json:"id"`
	Seq       int64  `json:"seq"`
	Room      string `json:"room"`
	Username  string `json:"username"`
	Message   string `json:"message"`
	Timestamp int64  `json:"timestamp"`
}

type accepted struct {
	OK        bool   `json:"ok"`
	ID        string `json:"id"`
	Seq       int64  `json:"seq"`
	Timestamp int64  `json:"timestamp"`
}

type joined struct {
	OK      bool       `json:"ok"`
	You     string     `json:"you"`
	Room    string     `json:"room"`
	Count   int        `json:"count"`
	History []*message `json:"history"`
	LastSeq int64      `json:"last_seq"`
}

type failure struct {
	OK    bool              `json:"ok"`
	Error map[string]string `json:"error"`
}

func refused(code, text string) failure {
	return failure{Error: map[string]string{"code": code, "message": text}}
}

type room struct {
	sync.Mutex
	seq     int64
	history []*message
	names   map[socket.SocketId]string
}

// chat has the rules: rooms, names, numbers and a short history. For any goroutine: each room has a lock of its own.
type chat struct {
	sync.RWMutex
	rooms   map[string]*room
	started string
}

func newChat() *chat {
	return &chat{rooms: map[string]*room{}, started: strconv.FormatInt(time.Now().UnixMilli(), 36)}
}

func (c *chat) find(name string) *room {
	c.RLock()
	defer c.RUnlock()
	return c.rooms[name]
}

func (c *chat) open(name string) *room {
	if found := c.find(name); found != nil {
		return found
	}
	c.Lock()
	defer c.Unlock()
	if c.rooms[name] == nil {
		c.rooms[name] = &room{names: map[socket.SocketId]string{}}
	}
	return c.rooms[name]
}

func (c *chat) join(sid socket.SocketId, username, name string) joined {
	in := c.open(name)
	in.Lock()
	defer in.Unlock()
	in.names[sid] = username
	history := append([]*message{}, in.history...)
	return joined{true, username, name, len(in.names), history, in.seq}
}

// say numbers a text and hands it to publish while the room is locked; the answer for the sender.
func (c *chat) say(sid socket.SocketId, name, text string, publish func(*message)) any {
	in := c.find(name)
	if in == nil {
		return refused("not_in_room", "Join first")
	}
	in.Lock()
	defer in.Unlock()
	username, member := in.names[sid]
	if !member {
		return refused("not_in_room", "Join first")
	}
	in.seq++
	id := name + "-" + c.started + "-" + strconv.FormatInt(in.seq, 10)
	said := &message{id, in.seq, name, username, text, time.Now().UnixMilli()}
	in.history = append(in.history, said)
	if len(in.history) > historyLength {
		in.history = in.history[1:]
	}
	publish(said)
	return accepted{true, said.ID, said.Seq, said.Timestamp}
}

func (c *chat) leaveAll(sid socket.SocketId) {
	c.RLock()
	defer c.RUnlock()
	for _, each := range c.rooms {
		each.Lock()
		delete(each.names, sid)
		each.Unlock()
	}
}
