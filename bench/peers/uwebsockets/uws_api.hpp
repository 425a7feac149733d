#pragma once

// The part of libsocketify's C interface to uWebSockets that server.cpp uses. The library is the one that the
// Python package `socketify` (0.0.31) carries; the package has no header for it, so this names its functions
// and lays out its structures as they are there. `ssl` is 0 everywhere: the templates without TLS.

#include <cstddef>

extern "C" {

struct uws_app;
struct uws_response;
struct uws_request;
struct uws_context;
struct uws_socket;

struct us_listen_socket;

struct us_tls_options {
    const char* key_file;
    const char* cert_file;
    const char* passphrase;
    const char* dh_params_file;
    const char* ca_file;
    const char* ciphers;
    int prefer_low_memory;
};

struct uws_listen_config {
    int port;
    const char* host;
    int options;
};

enum uws_opcode { uws_text = 1, uws_binary = 2 };

struct uws_behavior {
    int compression;  // 0: none
    unsigned max_payload;
    unsigned short idle_timeout;  // seconds
    unsigned max_backpressure;    // bytes
    bool close_on_backpressure_limit;
    bool reset_idle_timeout_on_send;
    bool send_pings_automatically;
    unsigned short max_lifetime;  // minutes; 0: none
    void (*upgrade)(uws_response*, uws_request*, uws_context*, void* user_data);
    void (*open)(uws_socket*, void* user_data);
    void (*message)(uws_socket*, const char* text, size_t length, uws_opcode opcode, void* user_data);
    void (*drain)(uws_socket*, void* user_data);
    void (*ping)(uws_socket*, const char* text, size_t length, void* user_data);
    void (*pong)(uws_socket*, const char* text, size_t length, void* user_data);
    void (*close)(uws_socket*, int code, const char* text, size_t length, void* user_data);
    void (*subscription)(uws_socket*, const char* topic, size_t length, int now, int before, void* user_data);
};

uws_app* uws_create_app(int ssl, us_tls_options options);
void uws_ws(int ssl, uws_app* app, const char* pattern, uws_behavior behavior, void* user_data);
void uws_app_listen_with_config(int ssl, uws_app* app, uws_listen_config config,
                                void (*handler)(us_listen_socket*, uws_listen_config, void* user_data),
                                void* user_data);
void uws_app_run(int ssl, uws_app* app);
bool uws_publish(int ssl, uws_app* app, const char* topic, size_t topic_length, const char* message,
                 size_t length, uws_opcode opcode, bool compress);

size_t uws_req_get_header(uws_request* request, const char* name, size_t name_length, const char** value);
size_t uws_req_get_query(uws_request* request, const char* name, size_t name_length, const char** value);
void uws_res_upgrade(int ssl, uws_response* response, void* user_data, const char* key, size_t key_length,
                     const char* protocol, size_t protocol_length, const char* extensions,
                     size_t extensions_length, uws_context* context);

void* uws_ws_get_user_data(int ssl, uws_socket* socket);
int uws_ws_send(int ssl, uws_socket* socket, const char* message, size_t length, uws_opcode opcode);
bool uws_ws_subscribe(int ssl, uws_socket* socket, const char* topic, size_t length);
}
