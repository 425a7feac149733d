// Socket.IO clients of the official Java library, driven as those of tests/py/node/clients.mjs are: commands as JSON
// lines on standard input, what happens as JSON lines on standard output. Binary data stands in both as
// {"$binary": "<base64>"}. An event that wants an ack is answered with its own arguments.
import io.socket.client.Ack;
import io.socket.client.IO;
import io.socket.client.Manager;
import io.socket.client.Socket;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.OkHttpClient;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

public final class Clients {
    private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    private static final Map<Integer, Socket> CLIENTS = new HashMap<>();

    private Clients() {}

    public static void main(String[] arguments) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JSONObject command = new JSONObject(line);
            int client = command.getInt("client");
            switch (command.getString("do")) {
                case "connect":
                    connect(client, command.getString("url"), command.getJSONObject("options"));
                    break;
                case "emit":
                    emit(client, command.getJSONArray("arguments"), command.optInt("call", 0));
                    break;
                default:
                    CLIENTS.remove(client).disconnect();
            }
        }
        for (Socket socket : CLIENTS.values()) {
            socket.disconnect();
        }
        System.exit(0);  // the library's HTTP threads would wait for a minute
    }

    private static void connect(int client, String url, JSONObject options) throws Exception {
        IO.Options how = IO.Options.builder()
                .setForceNew(true)
                .setReconnection(options.optBoolean("reconnection", true))
                .setReconnectionDelay(50)
                .setReconnectionDelayMax(200)
                .build();
        JSONArray transports = options.optJSONArray("transports");
        if (transports != null) {
            how.transports = new String[] {transports.getString(0)};
        }
        JSONObject auth = options.optJSONObject("auth");
        if (auth != null) {
            how.auth = new HashMap<>();
            for (Iterator<?> keys = auth.keys(); keys.hasNext();) {
                String key = (String) keys.next();
                how.auth.put(key, auth.getString(key));
            }
        }
        if (options.has("ca")) {
            OkHttpClient secured = trusting(options.getString("ca"));
            how.callFactory = secured;
            how.webSocketFactory = secured;
        }
        Socket socket = IO.socket(URI.create(url), how);
        CLIENTS.put(client, socket);
        socket.on(Socket.EVENT_CONNECT, nothing -> onConnect(client, socket));
        socket.on(Socket.EVENT_CONNECT_ERROR, why -> tell(client, "refused", "message", reason(why[0])));
        socket.on(Socket.EVENT_DISCONNECT, why -> tell(client, "disconnect", "reason", String.valueOf(why[0])));
        socket.onAnyIncoming(event -> onEvent(client, event));
        socket.connect();
    }

    // What speaks TLS with whoever shows this certificate (PEM).
    private static OkHttpClient trusting(String certificate) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        byte[] bytes = certificate.getBytes(StandardCharsets.US_ASCII);
        store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(bytes)));
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return new OkHttpClient.Builder()
                .sslSocketFactory(context.getSocketFactory(), (X509TrustManager) trust.getTrustManagers()[0])
                .readTimeout(1, TimeUnit.MINUTES)  // a poll may wait for as long as a ping, as in the library's own
                .build();
    }

    private static void onConnect(int client, Socket socket) {
        io.socket.engineio.client.Socket engine =
                (io.socket.engineio.client.Socket) field(Manager.class, "engine", socket.io());
        io.socket.engineio.client.Transport transport = (io.socket.engineio.client.Transport)
                field(io.socket.engineio.client.Socket.class, "transport", engine);
        tell(client, "connect", "id", socket.id(), "transport", transport.name);
        engine.once(io.socket.engineio.client.Socket.EVENT_UPGRADE, upgraded -> tell(client, "transport", "transport",
                ((io.socket.engineio.client.Transport) upgraded[0]).name));
    }

    // The library keeps its engine, and that its transport, to its own package.
    private static Object field(Class<?> where, String name, Object of) {
        try {
            Field field = where.getDeclaredField(name);
            field.setAccessible(true);
            return field.get(of);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void onEvent(int client, Object[] event) {
        List<Object> arguments = new ArrayList<>(Arrays.asList(event).subList(1, event.length));
        int last = arguments.size() - 1;
        Ack ack = last >= 0 && arguments.get(last) instanceof Ack ? (Ack) arguments.remove(last) : null;
        tell(client, "event", "name", event[0], "arguments", toJson(new JSONArray(arguments)));
        if (ack != null) {
            ack.call(arguments.toArray());
        }
    }

    private static void emit(int client, JSONArray arguments, int call) throws JSONException {
        List<Object> sent = new ArrayList<>();
        for (int i = 1; i < arguments.length(); ++i) {
            sent.add(fromJson(arguments.get(i)));
        }
        Socket socket = CLIENTS.get(client);
        if (call == 0) {
            socket.emit(arguments.getString(0), sent.toArray());
        } else {
            socket.emit(arguments.getString(0), sent.toArray(), answer -> tell(client, "answer", "call", call,
                    "arguments", toJson(new JSONArray(Arrays.asList(answer)))));
        }
    }

    private static Object reason(Object why) {
        if (why instanceof JSONObject) {
            return ((JSONObject) why).opt("message");
        }
        return String.valueOf(why);
    }

    private static void tell(int client, String what, Object... more) {
        try {
            JSONObject news = new JSONObject().put("client", client).put("what", what);
            for (int i = 0; i < more.length; i += 2) {
                news.put((String) more[i], more[i + 1]);
            }
            synchronized (OUT) {
                OUT.println(news);
            }
        } catch (JSONException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Object toJson(Object value) {
        try {
            if (value instanceof byte[]) {
                return new JSONObject().put("$binary", Base64.getEncoder().encodeToString((byte[]) value));
            }
            if (value instanceof JSONArray) {
                JSONArray copy = new JSONArray();
                for (int i = 0; i < ((JSONArray) value).length(); ++i) {
                    copy.put(toJson(((JSONArray) value).opt(i)));  // opt: nulls stand in it as they are
                }
                return copy;
            }
            if (value instanceof JSONObject) {
                JSONObject copy = new JSONObject();
                for (Iterator<?> keys = ((JSONObject) value).keys(); keys.hasNext();) {
                    String key = (String) keys.next();
                    copy.put(key, toJson(((JSONObject) value).get(key)));
                }
                return copy;
            }
            return value == null ? JSONObject.NULL : value;
        } catch (JSONException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Object fromJson(Object value) throws JSONException {
        if (value instanceof JSONArray) {
            for (int i = 0; i < ((JSONArray) value).length(); ++i) {
                ((JSONArray) value).put(i, fromJson(((JSONArray) value).get(i)));
            }
        } else if (value instanceof JSONObject) {
            JSONObject object = (JSONObject) value;
            if (object.has("$binary")) {
                return Base64.getDecoder().decode(object.getString("$binary"));
            }
            List<String> keys = new ArrayList<>();
            for (Iterator<?> each = object.keys(); each.hasNext();) {
                keys.add((String) each.next());
            }
            for (String key : keys) {
                object.put(key, fromJson(object.get(key)));
            }
        }
        return value;
    }
}
