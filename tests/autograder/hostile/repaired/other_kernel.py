"""A notebook that asks for another kernel and another language."""


def submission(notebook):
    notebook["metadata"] = {
        "kernelspec": {"name": "../../bash", "display_name": "x", "language": "bash"},
        "language_info": {"name": "bash", "file_extension": ".sh"},
    }
    return notebook
