"""Drives stomp.py for a test: a JSON object a line in, a JSON object a line out.

Bodies travel as base64. Several connections live in one process, each with a
number of its own.
"""

import base64
import json
import sys
import threading

import stomp
import stomp.listener

CLASSES = {
    "1.0": stomp.Connection10,
    "1.1": stomp.Connection11,
    "1.2": stomp.Connection12,
}

output_lock = threading.Lock()


def tell(**event):
    with output_lock:
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()


class Teller(stomp.listener.ConnectionListener):
    def __init__(self, client):
        self.client = client

    def on_connected(self, frame):
        tell(client=self.client, event="connected", headers=frame.headers)

    def on_message(self, frame):
        body = base64.b64encode(frame.body).decode()
        tell(client=self.client, event="message", headers=frame.headers, body=body)

    def on_receipt(self, frame):
        tell(client=self.client, event="receipt", headers=frame.headers)

    def on_error(self, frame):
        tell(client=self.client, event="error", headers=frame.headers)

    def on_disconnected(self):
        tell(client=self.client, event="disconnected")

    def on_heartbeat(self):
        tell(client=self.client, event="beat-received")

    def on_send(self, frame):
        if frame.cmd is None:
            tell(client=self.client, event="beat-sent")


def open_connection(order):
    options = {"auto_decode": False, "reconnect_attempts_max": 1}
    if order["version"] != "1.0":
        options["heartbeats"] = (order["heartBeatMs"], order["heartBeatMs"])
    connection = CLASSES[order["version"]]([("127.0.0.1", order["port"])], **options)
    connection.set_listener("teller", Teller(order["client"]))
    connection.connect(wait=True)
    return connection


def settle(connection, order):
    verb = getattr(connection, order["op"])
    headers = order["headers"]
    transaction = order.get("transaction")
    if order["version"] == "1.2":
        verb(headers["ack"], transaction=transaction)
    elif order["version"] == "1.1":
        verb(headers["message-id"], headers["subscription"], transaction=transaction)
    else:
        verb(headers["message-id"], transaction=transaction)


def carry_out(connection, order):
    op = order["op"]
    if op == "subscribe":
        connection.subscribe(order["destination"], id=order["id"], ack=order["ack"])
    elif op == "send":
        body = base64.b64decode(order["body"])
        connection.send(order["destination"], body, headers=order["headers"])
    elif op in ("begin", "commit", "abort"):
        getattr(connection, op)(transaction=order["transaction"])
    elif op in ("ack", "nack"):
        settle(connection, order)
    elif op == "disconnect":
        connection.disconnect(receipt=order["receipt"])
    elif op == "cut":
        connection.transport.disconnect_socket()


def main():
    connections = {}
    for line in sys.stdin:
        order = json.loads(line)
        client = order["client"]
        try:
            if order["op"] == "open":
                connections[client] = open_connection(order)
            else:
                carry_out(connections[client], order)
        except Exception as error:
            tell(client=client, event="failed", reason=repr(error), op=order["op"])


main()
