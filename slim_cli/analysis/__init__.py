"""The paper's figures and tables, redone on any bundle and any labelled clips; needs the extra `analyze`."""
