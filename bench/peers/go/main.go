// The chat of bench/peers/README.md on github.com/zishang520/socket.io, served by net/http.
//
//	peer-go --port N
package main

import (
	"flag"
	"log"
	"net/http"
	"strconv"

	"github.com/zishang520/socket.io/servers/socket/v3"
)

// split takes an event's arguments apart: the payload, and a function that answers (also when no answer is wanted).
func split(arguments []any) (map[string]any, func(any)) {
	answer := func(any) {}
	if len(arguments) > 0 {
		if ack, wanted := arguments[len(arguments)-1].(socket.Ack); wanted {
			answer = func(said any) { ack([]any{said}, nil) }
			arguments = arguments[:len(arguments)-1]
		}
	}
	var payload map[string]any
	if len(arguments) > 0 {
		payload, _ = arguments[0].(map[string]any)
	}
	return payload, answer
}

func main() {
	port := flag.Int("port", 0, "port to listen on")
	flag.Parse()

	chat := newChat()
	server := socket.NewServer(nil, nil)
	server.On("connection", func(clients ...any) {
		client := clients[0].(*socket.Socket)

		client.On("join", func(arguments ...any) {
			payload, answer := split(arguments)
			username, named := payload["username"].(string)
			room, given := payload["room"].(string)
			if !named || !given {
				answer(refused("bad_request", "username and room must be strings"))
				return
			}
			client.Join(socket.Room(room))
			answer(chat.join(client.Id(), username, room))
		})

		client.On("message", func(arguments ...any) {
			payload, answer := split(arguments)
			room, _ := payload["room"].(string)
			text, given := payload["message"].(string)
			if !given {
				answer(refused("bad_request", "room and message must be strings"))
				return
			}
			// Numbered and queued under one lock, so that all see one order.
			answer(chat.say(client.Id(), room, text, func(said *message) {
				_ = server.To(socket.Room(room)).Emit("message", said)
			}))
		})

		client.On("disconnect", func(...any) { chat.leaveAll(client.Id()) })
	})

	http.Handle("/socket.io/", server.ServeHandler(nil))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+strconv.Itoa(*port), nil))
}
